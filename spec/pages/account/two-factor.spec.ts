import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Secret, TOTP } from 'otpauth'
import { hashPassword } from '../../../src/crypto/passwords.js'
import { aPerson } from '../../support/api.js'
import { aBrowser, type Browser, type Page } from '../../support/browser.js'
import { type Service, startService } from '../../support/service.js'

const PASSWORD = 'seven purple lanterns'
const PAGE = '/account/two_factor'
const STEP = 30_000

let service: Service
const time = { offsetMs: 0 }
const clock = () => new Date(Date.now() + time.offsetMs)

beforeAll(async () => {
  service = await startService({ clock, env: { RATE_LIMITS: 'on' } })
})
afterAll(() => service.stop())

async function somebody() {
  const person = await aPerson(service)
  const password_hash = await hashPassword(PASSWORD, 4)
  await service.db.knex('users').where({ id: person.userId }).update({ password_hash })
  const browser = aBrowser(service)
  await browser.signIn(person.userId)
  return { person, browser }
}

/** The key that the page shows for those who cannot scan. */
const keyOf = ({ html }: Page): string =>
  (/<code class="secret">([A-Z2-7 ]+)</.exec(html)?.[1] ?? '').replaceAll(' ', '')

/** The code that an app shows now; the clock of the service goes on, since no code is good twice. */
function nextCode(key: string): string {
  time.offsetMs += STEP
  return new TOTP({ secret: Secret.fromBase32(key) }).generate({ timestamp: clock().getTime() })
}

const codesOf = ({ html }: Page): string[] =>
  [...html.matchAll(/<li><code>([a-z0-9]{5}-[a-z0-9]{5})</g)].map(([, code = '']) => code)

async function setUp(browser: Browser) {
  const page = await browser.get(PAGE)
  const key = keyOf(page)
  const done = await browser.submit(page, { code: nextCode(key) }, { form: 'code' })
  return { key, codes: codesOf(done), done }
}

const turnOff = async (browser: Browser, fields: Record<string, string>) =>
  browser.submit(await browser.get(PAGE), fields, { form: 'password' })

const userOf = (userId: string) => service.db.knex('users').where({ id: userId }).first()

test('S9 it counts from the first code that the app shows; the secret is sealed, and the recovery codes are hashed', async () => {
  const { browser, person } = await somebody()
  const page = await browser.get(PAGE)
  expect(page.html).toContain('<svg class="qr"')
  const wrong = await browser.submit(page, { code: '000000' }, { form: 'code' })
  expect([wrong.status, keyOf(wrong)]).toEqual([422, keyOf(page)])
  expect((await userOf(person.userId)).totp_confirmed_at).toBeNull()
  const done = await browser.submit(wrong, { code: nextCode(keyOf(page)) }, { form: 'code' })
  expect(new Set(codesOf(done)).size).toBe(10)
  const user = await userOf(person.userId)
  expect(user.otp_required_for_login).toBe(true)
  expect(user.totp_secret).not.toContain(keyOf(page))
  const kept = JSON.stringify(await service.db.knex('recovery_codes').where({ user_id: person.userId }))
  for (const code of codesOf(done)) expect(kept).not.toContain(code.replace('-', ''))
  const shown = await browser.get(PAGE)
  expect(shown.text).toContain('Recovery codes left 10')
  expect([codesOf(shown), keyOf(shown)]).toEqual([[], ''])
})

test('S7 setting it up is no new sign-in: ten minutes after the password was shown it must be shown again', async () => {
  const { browser, person } = await somebody()
  const [before] = await service.parts.sessions.listOf(person.userId, clock())
  time.offsetMs += 9 * 60_000
  const { done } = await setUp(browser)
  expect(codesOf(done)).toHaveLength(10)
  const [after] = await service.parts.sessions.listOf(person.userId, clock())
  expect([after?.amr, after?.authenticatedAt]).toEqual([['pwd', 'otp', 'mfa'], before?.authenticatedAt])
  const page = await browser.get(PAGE)
  time.offsetMs += 60_000
  const form = page.forms.findIndex(({ action }) => action.endsWith('/codes'))
  const answer = await browser.submit(page, {}, { form })
  expect([answer.status, answer.location]).toEqual([303, `/login?return_to=${encodeURIComponent(PAGE)}&again=1`])
})

test('C11 the secret of another person, of another page or of long ago is not set up', async () => {
  const [own, other] = [await somebody(), await somebody()]
  const foreign = await other.browser.get(PAGE)
  const sealed = foreign.forms.flatMap(({ controls }) => controls).find(({ name }) => name === 'set_up')?.value ?? ''
  const code = nextCode(keyOf(foreign))
  const until = clock().getTime() + 10 * STEP
  const said = { for: 'two_factor set_up', userId: own.person.userId, secret: keyOf(foreign), until }
  const seal = (over: object) => service.parts.secrets.seal(JSON.stringify({ ...said, ...over }))
  const cases = [sealed, 'v1.a.b.c', '', seal({ for: 'authorize' }), seal({ until: clock().getTime() - 1 })]
  for (const set_up of cases) {
    const answer = await own.browser.submit(await own.browser.get(PAGE), { set_up, code }, { form: 'code' })
    expect([answer.status, answer.location]).toEqual([303, PAGE])
  }
  expect((await userOf(own.person.userId)).totp_confirmed_at).toBeNull()
  // The same, as our own page seals it, is taken.
  const good = { set_up: seal({}), code: nextCode(keyOf(foreign)) }
  expect(codesOf(await own.browser.submit(await own.browser.get(PAGE), good, { form: 'code' }))).toHaveLength(10)
})

test('turning it off asks for the password and a code; tries are counted', async () => {
  const { browser, person } = await somebody()
  const { key } = await setUp(browser)
  const code = nextCode(key)
  expect((await turnOff(browser, { password: 'not mine at all', code })).text).toContain('not your password')
  expect((await turnOff(browser, { password: PASSWORD, code: '000000' })).text).toContain('That code is not right')
  expect((await userOf(person.userId)).totp_confirmed_at).not.toBeNull()
  const off = await turnOff(browser, { password: PASSWORD, code })
  expect(off.location).toBe(`${PAGE}?done=off`)
  const user = await userOf(person.userId)
  expect([user.totp_secret, user.otp_required_for_login]).toEqual([null, false])
  expect(await service.db.knex('recovery_codes').where({ user_id: person.userId })).toEqual([])
})

test('S5 codes cannot be guessed by trying to turn it off', async () => {
  const { browser } = await somebody()
  await setUp(browser)
  const statuses = new Set<number>()
  for (let tries = 0; tries < 7; tries += 1)
    statuses.add((await turnOff(browser, { password: PASSWORD, code: String(100000 + tries) })).status)
  expect([...statuses]).toEqual([422, 429])
})

test('a recovery code turns it off, once; new codes end the old ones', async () => {
  const { browser, person } = await somebody()
  const { codes } = await setUp(browser)
  const page = await browser.get(PAGE)
  const form = page.forms.findIndex(({ action }) => action.endsWith('/codes'))
  const renewed = codesOf(await browser.submit(page, {}, { form }))
  expect(renewed.filter((code) => codes.includes(code))).toEqual([])
  expect(renewed).toHaveLength(10)
  const old = await turnOff(browser, { password: PASSWORD, code: codes[0] ?? '' })
  expect(old.status).toBe(422)
  const off = await turnOff(browser, { password: PASSWORD, code: (renewed[0] ?? '').toUpperCase() })
  expect(off.status).toBe(303)
  const changes = (await service.db.knex('user_versions').where({ user_id: person.userId }).orderBy('created_at')).map(
    (row) => row.changes,
  )
  expect(changes).toEqual([
    { otp_required_for_login: [false, true] },
    { recovery_codes: ['old', 'new'] },
    { otp_required_for_login: [true, false] },
  ])
})
