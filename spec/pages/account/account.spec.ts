import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { askForPassword, changePassword, resetPassword } from '../../../src/access/accounts-password.js'
import { checkPassword, hashPassword } from '../../../src/crypto/passwords.js'
import { openMessage } from '../../../src/outbox/queue.js'
import { createConsents } from '../../../src/tokens/consents.js'
import { anOwner, aPerson, call, tokenFor } from '../../support/api.js'
import { allow, answerOf, aRequest, authorizePath, aWebapp } from '../../support/authorize.js'
import { aBrowser, type Browser } from '../../support/browser.js'
import { type Service, startService } from '../../support/service.js'

const PASSWORD = 'seven purple lanterns'
const HOUR = 3_600_000

let service: Service
const time = { offsetMs: 0 }

beforeAll(async () => {
  service = await startService({ clock: () => new Date(Date.now() + time.offsetMs) })
})
afterAll(() => service.stop())

/** Somebody with a password, signed in with a browser. */
async function somebody() {
  const person = await aPerson(service)
  await give(person.userId)
  const browser = aBrowser(service)
  await browser.signIn(person.userId)
  return { person, browser }
}

async function give(userId: string, password = PASSWORD) {
  const password_hash = await hashPassword(password, 4)
  await service.db.knex('users').where({ id: userId }).update({ password_hash })
  return password_hash
}

const at = async (browser: Browser, path: string) => browser.follow(await browser.get(path))

/** What was mailed to an address, newest first. */
async function mailsTo(email: string) {
  const rows = await service.db.knex('outbox').orderBy('created_at', 'desc').orderBy('id')
  return rows.flatMap((row) => {
    const message = openMessage(service.parts.secrets, row)
    return message?.email === email ? [message] : []
  })
}

const history = async (userId: string) =>
  (await service.db.knex('user_versions').where({ user_id: userId }).orderBy('created_at')).map((row) => row.changes)

const PAGES = ['', '/profile', '/password', '/two_factor', '/devices', '/apps', '/credential'].map(
  (one) => `/account${one}`,
)

describe('an organization of one’s own', () => {
  test('is founded with a name, and its founder owns it', async () => {
    const { person, browser } = await somebody()
    expect((await browser.get('/account')).text).toContain('You have no seat in an organization.')
    const named = { organization: '  Anvil\tWorks ' }
    const done = await browser.follow(
      await browser.submit(await browser.get('/account'), named, { form: 'organization' }),
    )
    expect(done.text).toContain('The organization is yours.')
    expect(done.text).toContain('Anvil Works Owner')
    const { body } = await person.get('/organizations')
    expect(body.data.map((one: { attributes: { name: string } }) => one.attributes.name)).toEqual(['Anvil Works'])
  })

  test('R8 without a name, too long, or by a foreign form it is not', async () => {
    const { browser } = await somebody()
    const page = await browser.get('/account')
    for (const organization of ['', ' ', 'x'.repeat(256)]) {
      expect((await browser.submit(page, { organization }, { form: 'organization' })).status).toBe(422)
    }
    const stale = await browser.submit(page, { organization: 'Anvil', csrf: '0'.repeat(64) }, { form: 'organization' })
    expect(stale.status).toBe(403)
    expect((await browser.get('/account')).text).toContain('You have no seat in an organization.')
  })
})

describe('the door', () => {
  test('R11 whoever is not signed in goes to the sign-in page and comes back', async () => {
    for (const page of PAGES) {
      const answer = await aBrowser(service).get(page)
      expect([page, answer.status, answer.location]).toEqual([
        page,
        303,
        `/login?return_to=${encodeURIComponent(page)}`,
      ])
    }
  })

  test('every page shows itself in the list beside it, and nobody keeps it', async () => {
    const { browser } = await somebody()
    for (const page of PAGES) {
      const { status, html, headers } = await browser.get(page)
      expect([page, status]).toEqual([page, 200])
      expect(html).toContain(`<a href="${page}" aria-current="page">`)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'self'/)
      expect(html).not.toMatch(/<script|\sstyle=|\son[a-z]+=/)
    }
  })

  test('R10 a form without its own token, or with that of another page, changes nothing', async () => {
    const { browser, person } = await somebody()
    const profile = await browser.get('/account/profile')
    const [form] = profile.forms.filter(({ action }) => action === '/account/profile')
    const csrf = form?.controls.find(({ name }) => name === 'csrf')?.value ?? ''
    expect((await browser.post('/account/profile', { first_name: 'Eve' })).status).toBe(403)
    expect((await browser.post('/account/devices/sign_out_everywhere', { csrf })).status).toBe(403)
    const foreign = await browser.post('/account/profile', { csrf, first_name: 'Eve' }, { origin: 'https://evil.test' })
    expect(foreign.status).toBe(403)
    const user = await service.db.knex('users').where({ id: person.userId }).first()
    expect(user.first_name).toBe('Ada')
  })

  test('signing out ends the session on the server', async () => {
    const { browser } = await somebody()
    const old = new Map(browser.cookies)
    const out = await browser.submit(await browser.get('/account'), {}, { form: 0 })
    expect([out.status, out.location]).toEqual([303, '/login'])
    for (const [name, value] of old) browser.cookies.set(name, value)
    expect((await browser.get('/account')).status).toBe(303)
  })
})

describe('the overview', () => {
  test('lists the organizations in which the person has a seat, with role', async () => {
    const owner = await anOwner(service, 'The <Blue> Brand')
    const browser = aBrowser(service)
    await browser.signIn(owner.userId)
    const { text, html } = await browser.get('/account')
    expect(text).toMatch(/The <Blue> Brand Owner Your role: /)
    expect(html).toContain('The &lt;Blue>')
    expect((await (await somebody()).browser.get('/account')).text).toContain('You have no seat')
  })
})

describe('the profile', () => {
  test('names and the time zone are changed, with their history', async () => {
    const { browser, person } = await somebody()
    const page = await browser.get('/account/profile')
    const fields = { first_name: 'Grace', last_name: 'Hopper', time_zone: 'Europe/Rome' }
    const saved = await browser.submit(page, fields, { form: 'first_name' })
    expect(saved.location).toBe('/account/profile?done=saved')
    expect((await browser.follow(saved)).text).toContain('Saved.')
    const { first_name, last_name, time_zone } = await service.db.knex('users').where({ id: person.userId }).first()
    expect({ first_name, last_name, time_zone }).toEqual(fields)
    expect(await history(person.userId)).toEqual([expect.objectContaining({ first_name: ['Ada', 'Grace'] })])
    const { text } = await browser.get('/account/devices')
    expect(text).toContain('(Europe/Rome)')
  })

  test('S9 a new address counts from the moment that its mailbox has answered', async () => {
    const { browser, person } = await somebody()
    const email = `new-${person.userId.toLowerCase()}@example.com`
    const asked = await browser.submit(await browser.get('/account/profile'), { email }, { form: 'email' })
    expect((await browser.follow(asked)).text).toContain(`Waits to be confirmed ${email}`)
    expect((await service.db.knex('users').where({ id: person.userId }).first()).email).toBe(person.email)
    const letters = await mailsTo(email)
    expect(letters.map(({ kind }) => kind)).toEqual(['email_change'])
    const bad = await browser.submit(await browser.get('/account/profile'), { email: 'a b@c' }, { form: 'email' })
    expect([bad.status, bad.text.includes('does not look like an address')]).toEqual([422, true])
    const token = letters.flatMap((letter) => (letter.kind === 'email_change' ? [letter.token] : []))[0] ?? ''
    const mailbox = aBrowser(service)
    const confirmed = await mailbox.submit(await mailbox.get(`/verify_email/${token}`))
    expect(confirmed.text).toContain('Confirmed')
    expect((await browser.get('/account')).text).toContain(email)
    const told = (await mailsTo(person.email)).map((letter) => (letter.kind === 'account_changed' ? letter.change : ''))
    expect(told.sort()).toEqual(['address', 'address_wish'])
  })
})

describe('the password', () => {
  const change = async (browser: Browser, current_password: string, password: string) =>
    browser.submit(await browser.get('/account/password'), { current_password, password }, { form: 'password' })

  test('S1 asks for the present one, and refuses what is too short or too common', async () => {
    const { browser } = await somebody()
    const wrong = await change(browser, 'another password', 'a brand new password')
    expect([wrong.status, wrong.text.includes('not your present password')]).toEqual([422, true])
    expect((await change(browser, PASSWORD, 'short')).text).toContain('Too short')
    expect((await change(browser, PASSWORD, 'password123')).text).toContain('Many people use this one')
  })

  test('S7 a change ends every other session and every token, and a mail says so; this one goes on', async () => {
    const { browser, person } = await somebody()
    const other = aBrowser(service)
    await other.signIn(person.userId)
    const changed = await change(browser, PASSWORD, 'eight green lanterns')
    expect(changed.location).toBe('/account/password?done=changed')
    expect((await browser.get('/account')).status).toBe(200)
    expect((await other.get('/account')).status).toBe(303)
    expect((await person.get('/user')).status).toBe(401)
    expect((await mailsTo(person.email)).map(({ kind }) => kind)).toEqual(['password_changed'])
  })
})

test('T9 a password that was chosen while the old one was checked stays', async () => {
  const { browser, person } = await somebody()
  const page = await browser.get('/account/password')
  const { limits, secrets, revocations } = service.parts
  const giveBack = limits.giveBack
  // What is counted is given back once the password has been right: its owner resets it in that moment.
  const spy = jest.spyOn(limits, 'giveBack').mockImplementationOnce(async (...given) => {
    const parts = { knex: service.db.knex, secrets, revocations, bcryptCost: 4 }
    await askForPassword(parts, { email: person.email, now: service.parts.clock() })
    const [mail] = await mailsTo(person.email)
    const token = mail?.kind === 'password_reset' ? mail.token : ''
    const reset = { token, password: 'nine white lanterns', now: service.parts.clock(), requestId: 'spec' }
    expect(await resetPassword(parts, reset)).toBe(person.email)
    return giveBack(...given)
  })
  const fields = { current_password: PASSWORD, password: 'eight green lanterns' }
  const answer = await browser.submit(page, fields, { form: 'password' })
  spy.mockRestore()
  expect([answer.status, answer.text.includes('not your present password')]).toEqual([422, true])
  const { password_hash } = await service.db.knex('users').where({ id: person.userId }).first()
  expect(await checkPassword('nine white lanterns', password_hash)).toBe(true)
  expect((await browser.get('/account')).status).toBe(303)
})

describe('after a new password apps ask again', () => {
  const change = { current_password: PASSWORD, password: 'eight green lanterns' }

  /** An owner who has let a webapp in, and how it asks without a page. */
  async function whoLetsIn() {
    const owner = await anOwner(service)
    await give(owner.userId)
    const browser = aBrowser(service)
    await browser.signIn(owner.userId)
    const { clientId } = await aWebapp(service, owner)
    expect((await allow(browser, aRequest(clientId))).code).toBeDefined()
    const silent = async () =>
      answerOf(await browser.get(authorizePath(aRequest(clientId, { prompt: 'none' })))).error ?? 'a code'
    return { browser, owner, silent }
  }

  test('T9 what was agreed to with the old one counts no more, also in the browser that goes on', async () => {
    const [one, other] = [await whoLetsIn(), await whoLetsIn()]
    expect(await one.silent()).toBe('a code')
    const changed = await one.browser.submit(await one.browser.get('/account/password'), change, { form: 'password' })
    expect(changed.location).toBe('/account/password?done=changed')
    expect(await one.silent()).toBe('consent_required')
    expect(await other.silent()).toBe('a code')
  })

  test('T9 nor what a sign-in that has ended was about to agree to', async () => {
    const { userId, organizationId } = await anOwner(service)
    const checked = await give(userId)
    const browser = aBrowser(service)
    const now = service.parts.clock()
    const session = await service.parts.sessions.find(await browser.signIn(userId), now)
    const consents = createConsents(service.db.knex)
    const key = { organizationId, userId, clientId: 'gone' }
    const given = { scope: 'openid', resources: {} }
    const agree = () =>
      consents.save(key, { add: () => given, applicationId: undefined, sessionId: session?.id ?? '', now })
    expect([await agree(), await consents.find(key)]).toEqual([true, given])
    const password = 'eight green lanterns'
    const { secrets, revocations } = service.parts
    const parts = { knex: service.db.knex, secrets, revocations, bcryptCost: 4 }
    await changePassword(parts, { userId, checked, password, now, requestId: 'spec' })
    expect([await agree(), await consents.find(key)]).toEqual([false, undefined])
  })
})

describe('devices', () => {
  test('one is signed out, or all others; nobody signs out the device of another', async () => {
    const { browser, person } = await somebody()
    const [second, third, stranger] = [aBrowser(service), aBrowser(service), await somebody()]
    await second.signIn(person.userId)
    await third.signIn(person.userId)
    const listed = await service.parts.sessions.listOf(person.userId, service.parts.clock())
    expect(listed).toHaveLength(3)
    const foreign = await service.parts.sessions.listOf(stranger.person.userId, service.parts.clock())
    const page = await browser.get('/account/devices')
    await browser.submit(page, { session: foreign[0]?.id ?? '' }, { form: 'session' })
    expect((await stranger.browser.get('/account')).status).toBe(200)
    await browser.submit(page, {}, { form: 'session' })
    expect([second, third].length - (await alive([second, third]))).toBe(1)
    const everywhere = page.forms.findIndex(({ action }) => action.endsWith('/sign_out_everywhere'))
    await browser.submit(page, {}, { form: everywhere })
    expect(await alive([second, third])).toBe(0)
    expect((await browser.get('/account')).status).toBe(200)
  })

  const alive = async (browsers: readonly Browser[]): Promise<number> =>
    (await Promise.all(browsers.map((one) => one.get('/account')))).filter(({ status }) => status === 200).length
})

describe('the personal credential', () => {
  test('a new secret is shown once; the old one and its tokens end; it is switched off and on', async () => {
    const { browser, person } = await somebody()
    const page = await browser.get('/account/credential')
    const secretForm = page.forms.findIndex(({ action }) => action.endsWith('/secret'))
    const made = await browser.submit(page, {}, { form: secretForm })
    const secret = /gh_user_[\w-]+/.exec(made.text)?.[0] ?? ''
    expect(secret).not.toBe('')
    expect((await browser.get('/account/credential')).text).not.toContain(secret)
    expect((await person.get('/user')).status).toBe(401)
    await expect(tokenFor(service, person)).rejects.toThrow('invalid_client')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const { clientId } = person
    const token = await tokenFor(service, { clientId, clientSecret: secret })
    expect((await withToken(token)).status).toBe(200)
    const off = await browser.submit(
      await browser.get('/account/credential'),
      {},
      { form: secretForm + 1, press: 'off' },
    )
    expect(off.location).toBe('/account/credential?done=off')
    expect((await withToken(token)).status).toBe(401)
    await expect(tokenFor(service, { clientId, clientSecret: secret })).rejects.toThrow('invalid_client')
    await browser.submit(await browser.get('/account/credential'), {}, { form: secretForm + 1, press: 'on' })
    await tokenFor(service, { clientId, clientSecret: secret })
    expect(await history(person.userId)).toEqual([
      { personal_secret: ['old', 'new'] },
      { personal_credential: ['on', 'off'] },
      { personal_credential: ['off', 'on'] },
    ])
    const told = (await mailsTo(person.email)).map((message) => 'change' in message && message.change)
    expect(told.sort()).toEqual(['credential_off', 'credential_on', 'secret'])
  })

  const withToken = (token: string) =>
    call(service, '/api/user', { headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.api+json' } })
})

describe('what lets people in is changed soon after a sign-in only', () => {
  test('S7 ten minutes later the forms are gone, and one that was kept leads to the sign-in page', async () => {
    const { browser, person } = await somebody()
    const credential = await browser.get('/account/credential')
    const profile = await browser.get('/account/profile')
    time.offsetMs = HOUR / 4
    try {
      for (const page of ['/account/credential', '/account/profile', '/account/two_factor']) {
        const { html } = await browser.get(page)
        expect([page, html.includes(`/login?return_to=${encodeURIComponent(page)}&amp;again=1`)]).toEqual([page, true])
      }
      const secretForm = credential.forms.findIndex(({ action }) => action.endsWith('/secret'))
      for (const form of [secretForm, secretForm + 1]) {
        const answer = await browser.submit(credential, {}, { form })
        expect([answer.status, answer.location]).toEqual([303, '/login?return_to=%2Faccount%2Fcredential&again=1'])
      }
      const moved = await browser.submit(profile, { email: 'eve@evil.test' }, { form: 'email' })
      expect(moved.location).toBe('/login?return_to=%2Faccount%2Fprofile&again=1')
    } finally {
      time.offsetMs = 0
    }
    expect(await history(person.userId)).toEqual([])
    expect(await at(browser, '/account').then(({ status }) => status)).toBe(200)
  })
})
