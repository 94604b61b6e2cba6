import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { Secret, TOTP } from 'otpauth'
import type { Database } from '../src/db/connect.js'
import { migrate } from '../src/db/migrate.js'
import { sendMail } from '../src/jobs/send-mail.js'
import { createMailer } from '../src/outbox/mailer.js'
import { anApplication, anOwner, aPerson, call, type Owner, tokenFor } from './support/api.js'
import { ASSERTION_TYPE, aKey, signed } from './support/assertions.js'
import { aChallenge, allow, aRequest, aWebapp, CALLBACK } from './support/authorize.js'
import { aBrowser, type Browser, type Page } from './support/browser.js'
import { freshDatabase } from './support/database.js'
import { newAddress, PASSWORD, signIn } from './support/entrance.js'
import { aShopper } from './support/grants.js'
import { invite } from './support/invitations.js'
import { runJob } from './support/jobs.js'
import { letterTo } from './support/mailbox.js'
import { type LogLine, type Service, startService } from './support/service.js'
import { letIn } from './support/sign-in-at.js'
import { startSmtp } from './support/smtp.js'

/** S8: whatever is sent, asked for or goes wrong, the log at its most talkative holds none of what lets somebody in. Each
 *  secret goes the right way, a second time, to the wrong place, and into a service whose tables have gone. */
jest.setTimeout(60_000)

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const GUESS = 'a password that somebody has tried 77'
const NEW_PASSWORD = 'a long swim in the cold lake'
const STEP_MS = 30_000

let db: Database
let service: Service
let smtp: Awaited<ReturnType<typeof startSmtp>>
let owner: Owner
let webapp: { clientId: string; clientSecret: string }
const time = { offsetMs: 0 }
/** What must be found in no line, by what it is. */
const secrets = new Map<string, string>()
const jobLogs: LogLine[] = []

const keep = (what: string, secret: string | undefined): string => {
  if (secret === undefined || secret.length < 6) throw new Error(`no ${what}: ${secret}`)
  secrets.set(what, secret)
  return secret
}
const client = () => ({ client_id: webapp.clientId, client_secret: webapp.clientSecret })
const post = async (path: string, form: Record<string, string>) => {
  const answer = await fetch(`${service.url}${path}`, { method: 'POST', body: new URLSearchParams(form) })
  // biome-ignore lint/suspicious/noExplicitAny: a spec looks at whatever came
  return (await answer.json().catch(() => ({}))) as any
}
const keepCookies = (what: string, browser: Browser): void => {
  for (const [name, value] of browser.cookies) keep(`cookie ${name} of ${what}`, value)
}
const clock = () => new Date(Date.now() + time.offsetMs)

beforeAll(async () => {
  // Tables are taken away at the end: the database is its own.
  db = await freshDatabase()
  await migrate(db)
  service = await startService({ db, clock, env: { LOG_LEVEL: 'trace' } })
  smtp = await startSmtp()
  owner = await anOwner(service)
  keep('personal secret', owner.clientSecret)
  webapp = await aWebapp(service, owner)
  keep('client secret', webapp.clientSecret)
})
afterAll(async () => {
  await smtp.stop()
  await service.stop()
  await db.close()
})

/** Lines of the log that hold a secret: the secret's name and the line's words. */
function leaks(lines: readonly LogLine[]): string[] {
  return lines.flatMap((line) => {
    const text = JSON.stringify(line)
    return [...secrets]
      .filter(([, secret]) =>
        [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')].some((one) =>
          text.includes(JSON.stringify(one).slice(1, -1)),
        ),
      )
      .map(([what]) => `${what} in "${line.msg}"`)
  })
}
const allLines = (): LogLine[] => [...service.logs, ...jobLogs]

async function signedUp(): Promise<{ email: string; browser: Browser }> {
  const email = newAddress()
  const browser = aBrowser(service)
  await browser.submit(await browser.get('/sign_up'), { email })
  const letter = await letterTo(service, email, 'sign_up')
  keep('sign-up token', letter.path.split('/').at(-1))
  const names = { first_name: 'Ada', last_name: 'Byron', organization: 'The Engine' }
  await browser.submit(await browser.get(letter.path), { ...names, password: keep('password', PASSWORD) })
  await browser.get(letter.path)
  keepCookies('a sign-up', browser)
  return { email, browser }
}

const shownCodes = ({ html }: Page): string[] =>
  [...html.matchAll(/<li><code>([a-z0-9]{5}-[a-z0-9]{5})</g)].map(([, code = '']) => code)

function codeOf(key: string): string {
  time.offsetMs += STEP_MS
  return new TOTP({ secret: Secret.fromBase32(key) }).generate({ timestamp: clock().getTime() })
}

test('passwords, session cookies, second factors, mailed tokens, the personal credential', async () => {
  const { email, browser: first } = await signedUp()
  const browser = aBrowser(service)
  await signIn(browser, { email, password: keep('tried password', GUESS) })
  expect((await signIn(browser, { email })).status).toBe(303)
  keepCookies('a sign-in', browser)
  const page = await browser.get('/account/two_factor')
  const key = (/<code class="secret">([A-Z2-7 ]+)</.exec(page.html)?.[1] ?? '').replaceAll(' ', '')
  keep('TOTP secret', key)
  const codes = shownCodes(await browser.submit(page, { code: codeOf(key) }, { form: 'code' }))
  expect(codes).toHaveLength(10)
  for (const [index, code] of codes.entries()) keep(`recovery code ${index}`, code)
  const again = aBrowser(service)
  const asked = await signIn(again, { email })
  keep('sealed step', asked.forms[0]?.controls.find(({ name }) => name === 'step')?.value)
  await again.submit(asked, { code: keep('tried code', 'wrong-guess') })
  expect((await again.submit(asked, { code: codes[0] ?? '' })).status).toBe(303)
  await again.submit(asked, { code: codes[0] ?? '' })
  keepCookies('a sign-in by a recovery code', again)
  const credential = await again.get('/account/credential')
  const form = credential.forms.findIndex(({ action }) => action.endsWith('/secret'))
  keep('personal credential', /gh_user_[\w-]+/.exec((await again.submit(credential, {}, { form })).text)?.[0])
  const profile = await again.get('/account/profile')
  const other = newAddress()
  await again.submit(profile, { email: other }, { form: 'email' })
  const change = await letterTo(service, other, 'email_change')
  keep('token of a new address', change.path.split('/').at(-1))
  await again.get(change.path)
  await aBrowser(service)
    .submit(await first.get('/forgotten_password'), { email })
    .catch(() => undefined)
  await first.submit(await first.get('/forgotten_password'), { email })
  const reset = await letterTo(service, email, 'password_reset')
  keep('reset token', reset.path.split('/').at(-1))
  await first.submit(await first.get(reset.path), { password: keep('new password', NEW_PASSWORD) })
  await first.get(reset.path)
  const invited = newAddress()
  await invite(owner, invited)
  const invitation = await letterTo(service, invited, 'invitation')
  keep('invitation token', invitation.path.split('/').at(-1))
  await first.get(invitation.path)
  await first.get(`${invitation.path}x?token=${invitation.path.split('/').at(-1)}`)
})

test('authorization codes, refresh tokens, access tokens, id_tokens', async () => {
  const browser = aBrowser(service)
  keep('session', await browser.signIn(owner.userId))
  const { verifier, challenge } = aChallenge()
  const asked = aRequest(webapp.clientId, { scope: 'openid provisioning-api', code_challenge: challenge })
  const { code = '' } = await allow(browser, asked)
  keep('authorization code', code)
  keep('verifier', verifier)
  const form = { ...client(), grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier }
  await post('/oauth/token', { ...form, code_verifier: `${verifier}x` })
  const second = { ...form, code: keep('second code', (await allow(browser, asked)).code) }
  const tokens = await post('/oauth/token', second)
  keep('access token', tokens.access_token)
  keep('id_token', tokens.id_token)
  const refreshing = {
    ...client(),
    grant_type: 'refresh_token',
    refresh_token: keep('refresh token', tokens.refresh_token),
  }
  keep('next refresh token', (await post('/oauth/token', refreshing)).refresh_token)
  time.offsetMs += 20_000
  // Used twice: both families end, and somebody may want to know.
  expect([await post('/oauth/token', refreshing), await post('/oauth/token', second)]).toMatchObject([
    { error: 'invalid_grant' },
    { error: 'invalid_grant' },
  ])
  for (const path of ['introspect', 'revoke', 'token']) {
    for (const token of [tokens.refresh_token, tokens.access_token, code])
      await post(`/oauth/${path}`, { ...client(), token })
    await post(`/oauth/${path}?token=${tokens.refresh_token}&code=${code}`, { ...client(), token: 'x' })
  }
  await call(service, `/oauth/end_session?id_token_hint=${tokens.id_token}`).catch(() => undefined)
})

test('pushed requests, device codes and user codes, shoppers’ passwords', async () => {
  const browser = aBrowser(service)
  keep('session at a device', await browser.signIn(owner.userId))
  const pushed = await post('/oauth/par', { ...aRequest(webapp.clientId), client_secret: webapp.clientSecret })
  keep('request_uri', pushed.request_uri)
  keep('name of a pushed request', pushed.request_uri.split(':').at(-1))
  const query = new URLSearchParams({ client_id: webapp.clientId, request_uri: pushed.request_uri })
  for (let times = 0; times < 2; times += 1) await browser.follow(await browser.get(`/oauth/authorize?${query}`))
  const device = await post('/oauth/device_authorization', client())
  const polling = { ...client(), grant_type: DEVICE, device_code: keep('device code', device.device_code) }
  keep('user code', device.user_code)
  keep('user code as it is kept', device.user_code.replace('-', ''))
  await post('/oauth/token', polling)
  await letIn(browser, device.verification_uri_complete)
  time.offsetMs += 10_000
  keep('refresh token of a device', (await post('/oauth/token', polling)).refresh_token)
  await post('/oauth/token', polling)
  const { form, password } = await aShopper(service, owner)
  keep('password of a shopper', password)
  keep('refresh token of a shopper', (await post('/oauth/token', form)).refresh_token)
  await post('/oauth/token', { ...form, password: keep('tried password of a shopper', `${password}, or not`) })
})

test('client assertions, good, used twice and bad', async () => {
  const key = await aKey('ES256', 'one')
  const roleId = owner.roles.Admin as string
  const machine = await anApplication(service, owner, 'integration', {
    roleId,
    attributes: { jwks: { keys: [key.jwk] } },
  })
  const { clientId } = machine
  const payload = { iss: clientId, sub: clientId, aud: service.config.issuer }
  for (const [index, more] of [{}, { aud: 'https://elsewhere.test' }, { exp: 1 }].entries()) {
    const client_assertion = keep(`client assertion ${index}`, await signed(key, { ...payload, ...more }))
    const form = { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion }
    for (let times = 0; times < 2; times += 1) await post('/oauth/token', form)
  }
})

test('mails that a server refuses, with words that repeat them', async () => {
  const mailer = createMailer({ ...service.config, smtpUrl: smtp.url, log: { info: () => undefined } })
  const token = secrets.get('invitation token') ?? ''
  smtp.refuse({ code: 451, words: `not now, and not with ${token}` })
  if (mailer === undefined) throw new Error('no mailer')
  jobLogs.push(...(await runJob(service, sendMail, { mailer, now: clock() })))
  mailer.close()
  expect(jobLogs.length).toBeGreaterThan(3)
})

test('a service whose tables have gone: its faults are logged, and nobody’s secrets with them', async () => {
  const person = await aPerson(service)
  keep('secret of a person', person.clientSecret)
  keep('hash of it', service.parts.secrets.hash(person.clientSecret))
  keep('address', person.email)
  const away = async (tables: readonly string[]): Promise<void> => {
    for (const table of tables) await db.knex.raw(`alter table ${table} rename to ${table}_gone`)
  }
  await away(['authorization_codes', 'refresh_tokens', 'device_codes', 'pushed_requests', 'mailed_tokens', 'outbox'])
  for (const name of ['next refresh token', 'second code', 'device code']) {
    keep(`hash of the ${name}`, service.parts.secrets.hash(secrets.get(name) ?? ''))
  }
  const before = service.logs.length
  const form = (name: string, value: string) => ({ ...client(), grant_type: 'x', [name]: secrets.get(value) ?? '' })
  await post('/oauth/token', {
    ...form('code', 'second code'),
    grant_type: 'authorization_code',
    redirect_uri: CALLBACK,
    code_verifier: secrets.get('verifier') ?? '',
  })
  await post('/oauth/token', { ...form('refresh_token', 'next refresh token'), grant_type: 'refresh_token' })
  await post('/oauth/token', { ...form('device_code', 'device code'), grant_type: DEVICE })
  await post('/oauth/device_authorization', client())
  await post('/oauth/par', { ...aRequest(webapp.clientId), client_secret: webapp.clientSecret })
  await owner.post('/memberships', {})
  await invite(owner, keep('address of somebody invited', newAddress()))
  await away(['sessions', 'recovery_codes', 'user_credentials', 'users'])
  await tokenFor(service, person).catch(() => undefined)
  const browser = aBrowser(service)
  await signIn(browser, { email: person.email, password: GUESS }).catch(() => undefined)
  await browser.submit(await browser.get('/sign_up'), { email: keep('address at sign-up', newAddress()) })
  for (const path of ['sign_up', 'reset_password', 'invitations']) {
    for (const token of ['sign-up token', 'reset token', 'invitation token']) {
      await browser.get(`/${path}/${secrets.get(token)}`)
    }
  }
  const faults = service.logs.slice(before).filter(({ level }) => level >= 50)
  expect(faults.length).toBeGreaterThan(15)
  expect(leaks(faults)).toEqual([])
})

test('no line holds any of them', () => {
  expect(secrets.size).toBeGreaterThan(45)
  expect(allLines().length).toBeGreaterThan(100)
  expect(leaks(allLines())).toEqual([])
})

test('this spec can tell: each would be found if it were logged', () => {
  for (const [what, secret] of secrets) {
    const line = { level: 50, msg: 'said', err: { message: `before ${secret} after` } }
    expect(leaks([line]).some((one) => one.startsWith(what))).toBe(true)
    expect(leaks([{ level: 30, msg: 'said', url: `/x?y=${encodeURIComponent(secret)}` }])).not.toEqual([])
  }
})
