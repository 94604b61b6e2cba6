import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { Secret, TOTP } from 'otpauth'
import { changePassword } from '../../src/access/accounts-password.js'
import { passwordHashOf } from '../../src/access/accounts-sign-in.js'
import { newTotp } from '../../src/access/second-factor.js'
import { dropSecondFactor, renewRecoveryCodes, setUpTotp } from '../../src/access/second-factor-setup.js'
import { hashPassword } from '../../src/crypto/passwords.js'
import { aBrowser, type Page } from '../support/browser.js'
import { aSignedUp, PASSWORD, signIn, whoIsIn } from '../support/entrance.js'
import { letterTo } from '../support/mailbox.js'
import { type Service, startService } from '../support/service.js'

const STEP_MS = 30_000

jest.setTimeout(60_000)

let service: Service
// The specs move the clock: each code is good once.
const time = { ms: Date.now() }
const clock = (): Date => new Date(time.ms)
function onward(ms = 4 * STEP_MS): void {
  time.ms += ms
}
beforeAll(async () => {
  service = await startService({ clock, env: { RATE_LIMITS: 'on', RATE_LIMIT_WRITE_BURST: '9999/10' } })
})
afterAll(() => service.stop())

const store = () => ({ knex: service.db.knex, secrets: service.parts.secrets })
const codeOf = (secret: string, offMs = 0): string =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: time.ms + offMs })

/** A person with a second factor. */
async function aCareful() {
  const person = await aSignedUp(service)
  const { secret } = newTotp(person.email)
  const change = { userId: person.userId, now: clock(), requestId: 'spec' }
  const codes = (await setUpTotp(store(), { ...change, secret, code: codeOf(secret) })) ?? []
  onward()
  return { ...person, secret, codes, change }
}
const stepIn = (page: Page): string => page.forms[0]?.controls.find(({ name }) => name === 'step')?.value ?? ''

test('the password alone signs nobody in; with the code the sign-in says how it was proven', async () => {
  const [browser, person] = [aBrowser(service), await aCareful()]
  const asked = await signIn(browser, person, { path: '/login?return_to=/account/apps' })
  expect([asked.status, asked.forms[0]?.action]).toEqual([200, '/login/two_factor'])
  expect(await whoIsIn(service, browser)).toBeUndefined()
  const answer = await browser.submit(asked, { code: ` ${codeOf(person.secret).replace(/(...)/, '$1 ')} ` })
  expect([answer.status, answer.location]).toEqual([303, '/account/apps'])
  const [session] = await service.parts.sessions.listOf(person.userId, clock())
  expect(session?.amr).toEqual(['pwd', 'otp', 'mfa'])
  expect((await browser.get('/login/two_factor')).location).toBe('/login')
})

test('a clock that is off by a step is forgiven, by two it is not; no code is good twice, nor one before it', async () => {
  const person = await aCareful()
  const tryCode = async (code: string) => {
    const browser = aBrowser(service)
    return (await browser.submit(await signIn(browser, person), { code })).status
  }
  expect(await tryCode(codeOf(person.secret, -2 * STEP_MS))).toBe(422)
  expect(await tryCode(codeOf(person.secret, 2 * STEP_MS))).toBe(422)
  expect(await tryCode(codeOf(person.secret, STEP_MS))).toBe(303)
  expect(await tryCode(codeOf(person.secret, STEP_MS))).toBe(422)
  expect(await tryCode(codeOf(person.secret))).toBe(422)
  onward()
  expect(await tryCode(codeOf(person.secret, -STEP_MS))).toBe(303)
})

test('one code, five times at once: one is let in', async () => {
  const [browser, person] = [aBrowser(service), await aCareful()]
  const asked = await signIn(browser, person)
  const code = codeOf(person.secret)
  const answers = await Promise.all(Array.from({ length: 5 }, () => browser.submit(asked, { code })))
  expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
  expect(await service.parts.sessions.listOf(person.userId, clock())).toHaveLength(1)
})

test('a recovery code stands in for the app, once, however it is typed; new ones end the old', async () => {
  const person = await aCareful()
  const enter = async (code: string, who = person) => {
    onward()
    const browser = aBrowser(service)
    return (await browser.submit(await signIn(browser, who), { code })).status
  }
  const [first = '', second = ''] = person.codes
  expect(person.codes).toHaveLength(10)
  expect(await enter(` ${first.toUpperCase().replace('-', ' ')} `)).toBe(303)
  expect(await enter(first)).toBe(422)
  const browser = aBrowser(service)
  const asked = await signIn(browser, person)
  const answers = await Promise.all([1, 2, 3].map(() => browser.submit(asked, { code: second })))
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 422, 422])
  const other = await aCareful()
  const fresh = await renewRecoveryCodes(store(), { ...other.change, now: clock() })
  expect(await enter(other.codes[0] ?? '', other)).toBe(422)
  expect(await enter(fresh?.[0] ?? '', other)).toBe(303)
  // Another person's code is none.
  expect(await enter(person.codes[3] ?? '', other)).toBe(422)
})

test('S8 neither the secret nor a code stands in the database as it is', async () => {
  const person = await aCareful()
  const user = await service.db.knex('users').where({ id: person.userId }).first()
  const codes = await service.db.knex('recovery_codes').where({ user_id: person.userId })
  const history = await service.db.knex('user_versions').where({ user_id: person.userId })
  const kept = JSON.stringify([user, codes, history])
  expect(kept).not.toContain(person.secret)
  for (const code of person.codes) expect(kept).not.toContain(code)
  expect(user.otp_required_for_login).toBe(true)
  expect((await letterTo(service, person.email, 'two_factor_changed')).message).toMatchObject({ change: 'on' })
  expect(await dropSecondFactor(store(), { ...person.change, now: clock() })).toBe(true)
  expect((await signIn(aBrowser(service), person)).status).toBe(303)
})

test('S5 five wrong codes and the password is asked for again; the count is the server’s, not the form’s', async () => {
  const [browser, person] = [aBrowser(service), await aCareful()]
  const asked = await signIn(browser, person)
  let page = asked
  for (let tries = 0; tries < 4; tries += 1) {
    page = await browser.submit(page, { code: '000000' })
    expect([page.status, stepIn(page) === '']).toEqual([422, false])
  }
  const last = await browser.submit(page, { code: '000000' })
  expect([last.status, last.text.includes('Start over'), last.forms]).toEqual([422, true, []])
  // The first form again, as if nothing had been tried; and the password again.
  const code = codeOf(person.secret)
  expect((await browser.submit(asked, { code })).status).toBe(429)
  expect((await browser.submit(await signIn(browser, person), { code })).status).toBe(429)
  // Nobody else is kept out.
  const other = await aCareful()
  const elsewhere = aBrowser(service)
  expect((await elsewhere.submit(await signIn(elsewhere, other), { code: codeOf(other.secret) })).status).toBe(303)
})

test('S5 wrong codes from many networks: strangers wait, but not who has signed in from theirs before', async () => {
  const env = { RATE_LIMITS: 'on', RATE_LIMIT_WRITE_BURST: '9999/10', TRUSTED_PROXIES: '127.0.0.1' }
  const strict = await startService({ db: service.db, clock, env: { ...env, RATE_LIMIT_SIGN_IN_STRANGER: '6/3600' } })
  const person = await aCareful()
  const show = async (network: string, code: string): Promise<number> => {
    const [browser, from] = [aBrowser(strict), { headers: { 'x-forwarded-for': network } }]
    return (await browser.submit(await signIn(browser, person, from), { code }, from)).status
  }
  const rightAt = (network: string): Promise<number> => {
    onward()
    return show(network, codeOf(person.secret))
  }
  expect(await rightAt('198.51.100.1')).toBe(303)
  for (let n = 1; n <= 6; n += 1) expect(await show(`198.51.${100 + n}.1`, '000000')).toBe(422)
  expect(await show('198.51.110.1', '000000')).toBe(429)
  expect(await rightAt('198.51.110.2')).toBe(429)
  expect(await rightAt('198.51.100.1')).toBe(303)
  await strict.stop()
})

test('S5, S6 a password from a network that is known makes no other network known', async () => {
  const env = { RATE_LIMITS: 'on', RATE_LIMIT_WRITE_BURST: '9999/10', TRUSTED_PROXIES: '127.0.0.1' }
  const strict = await startService({ db: service.db, clock, env: { ...env, RATE_LIMIT_SIGN_IN_STRANGER: '6/3600' } })
  const person = await aCareful()
  const [browser, home] = [aBrowser(strict), { headers: { 'x-forwarded-for': '198.51.100.1' } }]
  const asked = await signIn(browser, person, home)
  expect((await browser.submit(asked, { code: codeOf(person.secret) }, home)).status).toBe(303)
  const guesser = aBrowser(strict)
  const step = await signIn(guesser, person, home)
  const show = async (network: string, code: string): Promise<number> =>
    (await guesser.submit(step, { code }, { headers: { 'x-forwarded-for': network } })).status
  for (let n = 1; n <= 6; n += 1) expect(await show(`198.51.${100 + n}.1`, '000000')).toBe(422)
  expect(await show('198.51.110.1', '000000')).toBe(429)
  onward()
  expect(await show('198.51.110.2', codeOf(person.secret))).toBe(429)
  expect(await show('198.51.100.1', codeOf(person.secret))).toBe(303)
  await strict.stop()
})

test('C11 what was sealed for the second factor is good in its browser, for five minutes, and nothing else is', async () => {
  const [browser, other, person] = [aBrowser(service), aBrowser(service), await aCareful()]
  const asked = await signIn(browser, person)
  const enter = async (step: string, at = browser) => {
    const own = await signIn(at, person)
    return at.submit(own, { step, code: codeOf(person.secret) })
  }
  const { secrets } = service.parts
  const { purpose, ...rest } = JSON.parse(secrets.open(stepIn(asked)))
  expect(purpose).toBe('two_factor')
  const refused = [
    await enter(stepIn(asked), other),
    await enter(secrets.seal(JSON.stringify({ ...rest, purpose: 'authorize' }))),
    await enter(secrets.seal(JSON.stringify(rest))),
    await enter(secrets.seal('null')),
    await enter(stepIn(asked).slice(0, -3)),
    await enter('x'),
  ]
  expect(refused.map(({ status, text }) => [status, text.includes('That took too long')])).toEqual(
    refused.map(() => [422, true]),
  )
  onward(300_001)
  expect((await browser.submit(asked, { code: codeOf(person.secret) })).text).toContain('That took too long')
  expect(await whoIsIn(service, browser)).toBeUndefined()
})

test('T9 who has shown the old password does not get in with it once there is a new one, nor when switched off', async () => {
  const person = await aCareful()
  const [browser, disabled] = [aBrowser(service), await aCareful()]
  const asked = await signIn(browser, person)
  onward(1000)
  const parts = { ...store(), revocations: service.parts.revocations, bcryptCost: 4 }
  const checked = (await passwordHashOf(parts.knex, person.userId)) ?? ''
  const change = { userId: person.userId, checked, password: `${PASSWORD} 2`, now: clock(), requestId: 'spec' }
  expect(await changePassword(parts, change)).toBe(true)
  expect((await browser.submit(asked, { code: codeOf(person.secret) })).status).toBe(422)
  expect((await browser.submit(asked, { code: person.codes[0] ?? '' })).status).toBe(422)
  const other = aBrowser(service)
  const theirs = await signIn(other, disabled)
  await service.db.knex('users').where({ id: disabled.userId }).update({ disabled_at: clock() })
  expect((await other.submit(theirs, { code: codeOf(disabled.secret) })).status).toBe(422)
  expect((await other.submit(theirs, { code: disabled.codes[0] ?? '' })).status).toBe(422)
})

test('T9 a step of before a reset is refused whatever the clocks say', async () => {
  const [browser, person] = [aBrowser(service), await aCareful()]
  const asked = await signIn(browser, person)
  const password_hash = await hashPassword(`${PASSWORD} 2`, 4)
  await service.db.knex('users').where({ id: person.userId }).update({ password_hash })
  const answer = await browser.submit(asked, { code: codeOf(person.secret) })
  expect([answer.status, answer.text.includes('Begin with your password again')]).toEqual([422, true])
  expect(await whoIsIn(service, browser)).toBeUndefined()
  const own = { ...person, password: `${PASSWORD} 2` }
  onward()
  expect((await browser.submit(await signIn(browser, own), { code: codeOf(person.secret) })).status).toBe(303)
})
