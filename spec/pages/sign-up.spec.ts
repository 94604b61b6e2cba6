import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { aPerson } from '../support/api.js'
import { aBrowser, type Page } from '../support/browser.js'
import { aSignedUp, newAddress, PASSWORD, plain, signIn, whoIsIn } from '../support/entrance.js'
import { lettersTo, letterTo } from '../support/mailbox.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(60_000)

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

const ask = async (email: string, browser = aBrowser(service)): Promise<Page> =>
  browser.submit(await browser.get('/sign_up'), { email })
const filled = { first_name: 'Ada', last_name: 'Byron', password: PASSWORD, organization: 'The Analytical Engine' }
/** Asks, and reads the mail.  @returns the path of its link */
async function asked(email = newAddress()) {
  await ask(email)
  return { email, path: (await letterTo(service, email, 'sign_up')).path }
}
const userOf = (email: string) => service.db.knex('users').where({ email }).first()

describe('signing up', () => {
  test('the address, the mail, then names, password and organization: an owner with a proven address, signed in', async () => {
    const email = newAddress()
    const sent = await ask(` ${email.toUpperCase()} `)
    expect([sent.status, sent.text.includes(email)]).toEqual([200, true])
    // C6: nothing that could be signed in to before the mailbox has answered.
    expect(await userOf(email)).toBeUndefined()
    const { path } = await letterTo(service, email, 'sign_up')
    const browser = aBrowser(service)
    const page = await browser.get(path)
    expect(page.text).toContain(email)
    expect(await userOf(email)).toBeUndefined()
    const done = await browser.submit(page, { ...filled, first_name: ' Ada\n ' })
    expect([done.status, done.location]).toEqual([303, '/account'])
    const user = await userOf(email)
    expect(user).toMatchObject({ email, first_name: 'Ada', last_name: 'Byron' })
    expect(user.email_verified_at).not.toBeNull()
    expect(await whoIsIn(service, browser)).toBe(user.id)
    const seats = await service.db.knex('memberships').where({ user_id: user.id })
    expect(seats).toMatchObject([{ owner: true, status: 'active', user_email: email }])
    const organization = await service.db.knex('organizations').where({ id: seats[0].organization_id }).first()
    expect(organization).toMatchObject({ name: 'The Analytical Engine' })
    expect(organization.slug).toMatch(/^the-analytical-engine/)
    const versions = await service.db.knex('versions').where({ organization_id: organization.id })
    expect(versions.map(({ resource_type }) => resource_type)).toEqual(
      expect.arrayContaining(['organizations', 'memberships', 'roles']),
    )
    expect(await service.db.knex('user_credentials').where({ user_id: user.id })).toHaveLength(1)
    const history = await service.db.knex('user_versions').where({ user_id: user.id })
    expect(history).toMatchObject([{ event: 'create', changes: { email: [null, email] } }])
    expect(JSON.stringify(history)).not.toMatch(/password|\$2/)
    expect((await signIn(aBrowser(service), { email })).status).toBe(303)
  })

  test('S3 a known address gets the same page, and a mail that says so', async () => {
    const [known, unknown] = [await aSignedUp(service), newAddress()]
    const pages = [await ask(known.email), await ask(unknown)]
    expect(pages.map(({ status }) => status)).toEqual([200, 200])
    expect(new Set(pages.map(plain)).size).toBe(1)
    const letters = await lettersTo(service, known.email)
    expect(letters.map(({ message, path }) => [message.kind, path])).toEqual([['known_address', '/login']])
    expect((await lettersTo(service, unknown)).map(({ message }) => message.kind)).toEqual(['sign_up'])
  })

  test('a link is good once, for a day; twenty at once make one account', async () => {
    const { email, path } = await asked()
    const browsers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const browser = aBrowser(service)
        return { browser, page: await browser.get(path) }
      }),
    )
    const answers = await Promise.all(browsers.map(({ browser, page }) => browser.submit(page, filled)))
    expect(answers.filter(({ location }) => location === '/account')).toHaveLength(1)
    const lost = answers.filter(({ location }) => location !== '/account')
    expect(lost.filter(({ status }) => status === 404 || status === 429)).toHaveLength(19)
    const user = await userOf(email)
    expect(await service.db.knex('memberships').where({ user_id: user.id })).toHaveLength(1)
    expect((await aBrowser(service).get(path)).status).toBe(404)
    const old = await asked()
    await service.db.knex('mailed_tokens').where({ email: old.email }).update({ expires_at: new Date() })
    expect((await aBrowser(service).get(old.path)).status).toBe(404)
  })

  test('two links to one mailbox make one account: the second leads to the sign-in', async () => {
    const [{ email, path }, browser] = [await asked(), aBrowser(service)]
    await ask(email)
    const second = (await letterTo(service, email, 'sign_up')).path
    expect(second).not.toBe(path)
    const page = await browser.get(second)
    const other = aBrowser(service)
    expect((await other.submit(await other.get(path), filled)).location).toBe('/account')
    const late = await browser.submit(page, { ...filled, password: 'another long walk' })
    expect(late.location).toBe(`/login?return_to=%2Faccount&login_hint=${encodeURIComponent(email)}`)
    expect(await whoIsIn(service, browser)).toBeUndefined()
    expect((await signIn(browser, { email, password: 'another long walk' })).status).toBe(422)
  })

  test('what is missing or too long is said beside its field, and nothing typed is lost but the password', async () => {
    const { email, path } = await asked()
    const browser = aBrowser(service)
    const bad = await browser.submit(await browser.get(path), {
      ...filled,
      first_name: ' ',
      organization: 'x'.repeat(256),
    })
    expect(bad.status).toBe(422)
    expect(bad.html.match(/aria-invalid="true"/g)).toHaveLength(2)
    expect(bad.forms[0]?.controls.find(({ name }) => name === 'last_name')?.value).toBe('Byron')
    expect(bad.html).not.toContain(PASSWORD)
    expect(await userOf(email)).toBeUndefined()
    expect((await browser.submit(bad, filled)).location).toBe('/account')
  })
})

describe('S1 passwords that may be chosen', () => {
  const refused: [string, string, RegExp][] = [
    ['seven characters', 'a b c d', /Too short/],
    ['eight of which four are combining', 'e\u0301e\u0301e\u0301e\u0301', /Too short/],
    ['1,001 characters', 'ab'.repeat(500).concat('c'), /Too long/],
    ['30,000 characters', 'x'.repeat(30_000), /Too long/],
    ['one of the commonest', 'password1', /Many people use this one/],
    ['one of the commonest in other letters', 'PassWord1', /Many people use this one/],
    ['one of the commonest in wide letters', 'ｐassword1', /Many people use this one/],
    ['its own address', '', /This is your address/],
  ]
  test.each(refused)('%s: refused', async (_, password, says) => {
    const { email, path } = await asked()
    const browser = aBrowser(service)
    const answer = await browser.submit(await browser.get(path), {
      ...filled,
      password: password || email.toUpperCase(),
    })
    expect(answer.status).toBe(422)
    expect(answer.text).toMatch(says)
  })

  const taken: [string, string][] = [
    ['eight characters without any rule of composition', 'zqxjkvbp'],
    ['73 bytes', 'ä'.repeat(36).concat('b')],
    ['1,000 characters', 'ab'.repeat(500)],
    ['other scripts and pictures', '三味線を弾く🎻🎻'],
  ]
  test.each(taken)('%s: taken, and every character of it counts', async (_, password) => {
    const { email, path } = await asked()
    const browser = aBrowser(service)
    expect((await browser.submit(await browser.get(path), { ...filled, password })).location).toBe('/account')
    const last = [...password].slice(0, -1).join('')
    expect((await signIn(aBrowser(service), { email, password: last })).status).toBe(422)
    expect((await signIn(aBrowser(service), { email, password: `${last}y` })).status).toBe(422)
    expect((await signIn(aBrowser(service), { email, password: `${password} ` })).status).toBe(422)
    expect((await signIn(aBrowser(service), { email, password })).status).toBe(303)
  })

  test('one megabyte is answered at once', async () => {
    const { path } = await asked()
    const browser = aBrowser(service)
    const page = await browser.get(path)
    const begun = performance.now()
    expect((await browser.submit(page, { ...filled, password: 'a'.repeat(1 << 20) })).status).toBe(413)
    expect(performance.now() - begun).toBeLessThan(2000)
  })
})

describe('S10 one canonical address, one account', () => {
  const wrong = [
    'a@example.com,b@example.com',
    'a@example.com.',
    'a@example.com b',
    'Ada <a@example.com>',
    '@example.com',
    'a@b',
    'a@@example.com',
    'a\u200b@example.com',
    'a@exämple.com',
    `${'a'.repeat(250)}@example.com`,
  ]
  test.each(wrong)('%j is none', async (email) => {
    const answer = await ask(email)
    expect([answer.status, answer.text.includes('This is no e-mail address.')]).toEqual([422, true])
  })

  test('sent twice, or as a list, it is refused', async () => {
    const browser = aBrowser(service)
    const csrf = (await browser.get('/sign_up')).forms[0]?.controls.find(({ name }) => name === 'csrf')?.value ?? ''
    const [one, two] = [newAddress(), newAddress()]
    const post = (fields: [string, string][]) => browser.post('/sign_up', [['csrf', csrf], ...fields])
    expect(
      (
        await post([
          ['email', one],
          ['email', two],
        ])
      ).status,
    ).toBe(400)
    expect((await post([['email[]', one]])).status).toBe(400)
    expect(
      (
        await post([
          ['email', one],
          ['email[0]', two],
        ])
      ).status,
    ).toBe(400)
    expect(await lettersTo(service, one)).toEqual([])
  })

  test('other letters are the same account; a look-alike is another, whose own mailbox is asked', async () => {
    const { email } = await aSignedUp(service)
    await ask(email.toUpperCase())
    expect((await lettersTo(service, email)).map(({ message }) => message.kind)).toEqual(['known_address'])
    // The Kelvin sign becomes a k: the mail goes to who has the k.
    const [name, domain] = newAddress().split('@')
    await ask(`K${name}@${domain}`)
    expect((await lettersTo(service, `k${name}@${domain}`)).map(({ message }) => message.kind)).toEqual(['sign_up'])
    // A Cyrillic letter stays one.
    await ask(`а${name}@${domain}`)
    expect(await lettersTo(service, `a${name}@${domain}`)).toEqual([])
    expect(await lettersTo(service, `а${name}@${domain}`)).toHaveLength(1)
  })
})

test('S9 links come from the configuration, whatever the request says', async () => {
  const evil = {
    'x-forwarded-host': 'evil.test',
    'x-forwarded-proto': 'http',
    forwarded: 'host=evil.test',
    'x-original-host': 'evil.test',
    'x-host': 'evil.test',
    x_forwarded_host: 'evil.test',
  }
  const { email: known } = await aPerson(service)
  const unknown = newAddress()
  const browser = aBrowser(service)
  for (const [page, email] of [
    ['/sign_up', unknown],
    ['/sign_up', known],
    ['/forgotten_password', known],
  ] as const) {
    const answer = await browser.submit(await browser.get(page, evil), { email }, { headers: evil })
    expect([answer.status, answer.html.includes('evil.test')]).toEqual([200, false])
  }
  const letters = [...(await lettersTo(service, unknown)), ...(await lettersTo(service, known))]
  expect(letters).toHaveLength(3)
  for (const { link } of letters)
    expect(link).toMatch(/^https:\/\/dashboard\.gatehouse\.test\/(sign_up|login|reset_password)/)
})
