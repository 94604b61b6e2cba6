import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { joinInvited } from '../../src/access/accounts-sign-up.js'
import { anOwner, type Owner } from '../support/api.js'
import { aBrowser, type Browser, type Page } from '../support/browser.js'
import { aSignedUp, newAddress, PASSWORD, signIn, whoIsIn } from '../support/entrance.js'
import { invite, tokenFor } from '../support/invitations.js'
import { lettersTo, letterTo } from '../support/mailbox.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(60_000)

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service, 'The Blue Brand & Sons')
})
afterAll(() => service.stop())

/** Invites an address.  @returns the path of the invitation's page, and the seat */
async function invited(email: string) {
  const made = await invite(owner, email)
  expect(made.status).toBe(201)
  const token = await tokenFor(service, owner.organizationId, email)
  return { id: made.body.data.id as string, token, path: `/invitations/${token}` }
}
const seatOf = (id: string) => service.db.knex('memberships').where({ id }).first()
const person = { first_name: 'Grace', last_name: 'Hopper', password: PASSWORD }
const buttons = ({ html }: Page): string[] =>
  [...html.matchAll(/name="answer" value="(\w+)"/g)].map(([, one = '']) => one)
/** Presses one of the page's answers. */
const answer = (browser: Browser, page: Page, value: string, fields: Record<string, string> = {}) => {
  const form = page.forms.findIndex(({ controls }) =>
    controls.some((one) => one.name === 'answer' && one.value === value),
  )
  return browser.submit(page, fields, { form })
}

describe('an invitation', () => {
  test('says who invites whom to what, as text; opening it changes nothing', async () => {
    const email = newAddress()
    const { id, path } = await invited(email)
    const before = await seatOf(id)
    const pages = [await aBrowser(service).get(path), await aBrowser(service).get(path)]
    for (const { status, text } of pages) {
      expect(status).toBe(200)
      for (const part of ['The Blue Brand & Sons', email, 'Ada Byron', 'Member']) expect(text).toContain(part)
    }
    expect(await seatOf(id)).toEqual(before)
    expect(await service.db.knex('users').where({ email })).toEqual([])
    expect((await letterTo(service, email, 'invitation')).path).toBe(path)
  })

  test('it looks as the organization does, and lets its logo in, from nowhere else', async () => {
    const { path } = await invited(newAddress())
    const look = { logo_url: 'https://cdn.example.com/logo.svg', primary_color: '#123456' }
    await service.db.knex('organizations').where({ id: owner.organizationId }).update(look)
    const { html, headers } = await aBrowser(service).get(path)
    expect(html).toContain('src="https://cdn.example.com/logo.svg"')
    expect(html).toContain('#123456')
    expect(headers.get('content-security-policy')).toContain("img-src 'self' data: https://cdn.example.com;")
  })

  test('who has no account gives names and a password, and is in: no organization of their own, no second mail', async () => {
    const email = newAddress()
    const { id, path } = await invited(email)
    const browser = aBrowser(service)
    const page = await browser.get(path)
    expect(buttons(page)).toEqual(['join', 'decline'])
    const refused = await answer(browser, page, 'join', { ...person, password: 'password1' })
    expect([refused.status, refused.text.includes('Many people use this one')]).toEqual([422, true])
    const done = await answer(browser, refused, 'join', person)
    expect([done.status, done.location]).toEqual([303, '/account'])
    const user = await service.db.knex('users').where({ email }).first()
    expect(user).toMatchObject({ first_name: 'Grace', last_name: 'Hopper' })
    expect(user.email_verified_at).not.toBeNull()
    expect(await whoIsIn(service, browser)).toBe(user.id)
    expect(await seatOf(id)).toMatchObject({ status: 'active', user_id: user.id, invitation_status: 'accepted' })
    expect(await service.db.knex('memberships').where({ user_id: user.id })).toHaveLength(1)
    expect(await lettersTo(service, email)).toHaveLength(1)
    expect((await signIn(aBrowser(service), { email })).status).toBe(303)
    expect((await browser.get(path)).status).toBe(404)
  })

  test('who has an account signs in with it, comes back, and accepts', async () => {
    const account = await aSignedUp(service)
    const { id, path } = await invited(account.email)
    const browser = aBrowser(service)
    const page = await browser.get(path)
    expect(buttons(page)).toEqual(['decline'])
    const login = /href="(\/login[^"]*)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const form = await browser.get(login)
    expect(form.forms[0]?.controls.find(({ name }) => name === 'email')?.value).toBe(account.email)
    const back = await browser.follow(await browser.submit(form, { password: PASSWORD }))
    expect([back.path, buttons(back)]).toEqual([path, ['accept', 'decline']])
    expect((await seatOf(id)).status).toBe('pending')
    expect((await answer(browser, back, 'accept')).location).toBe('/account')
    expect(await seatOf(id)).toMatchObject({ status: 'active', user_id: account.userId })
  })

  test('who is signed in with another address is told so, and can change over', async () => {
    const [mine, theirs] = [await aSignedUp(service), await aSignedUp(service)]
    const { id, path } = await invited(theirs.email)
    const browser = aBrowser(service)
    await signIn(browser, mine)
    const page = await browser.get(path)
    expect(page.text).toContain(`You are signed in as ${mine.email}, but the invitation is for ${theirs.email}`)
    expect(buttons(page)).toEqual(['decline'])
    const login = /href="(\/login[^"]*)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const back = await browser.follow(await browser.submit(await browser.get(login), { password: PASSWORD }))
    expect(buttons(back)).toEqual(['accept', 'decline'])
    expect((await answer(browser, back, 'accept')).location).toBe('/account')
    expect((await seatOf(id)).user_id).toBe(theirs.userId)
    expect(await whoIsIn(service, browser)).toBe(theirs.userId)
  })

  test('it can be declined without an account; then it is over', async () => {
    const { id, path } = await invited(newAddress())
    const browser = aBrowser(service)
    const done = await answer(browser, await browser.get(path), 'decline')
    expect([done.status, done.text.includes('Declined')]).toEqual([200, true])
    expect(await seatOf(id)).toMatchObject({ status: 'pending', invitation_status: 'revoked' })
    expect((await browser.get(path)).status).toBe(404)
  })
})

describe('J10 an invitation is accepted', () => {
  test('not as another address', async () => {
    const [mine, theirs] = [await aSignedUp(service), await aSignedUp(service)]
    const { id, path } = await invited(theirs.email)
    const browser = aBrowser(service)
    await signIn(browser, mine)
    const page = await browser.get(path)
    // The page offers no button for it, so its form is made by hand.
    const csrf = page.forms[0]?.controls.find(({ name }) => name === 'csrf')?.value ?? ''
    for (const value of ['accept', 'join', '']) {
      expect((await browser.post(path, { csrf, answer: value, ...person })).status).toBe(404)
    }
    expect(await seatOf(id)).toMatchObject({ status: 'pending', user_id: null })
  })

  test('not by joining with an account that is there already: its password stays', async () => {
    const account = await aSignedUp(service)
    const { id, path } = await invited(account.email)
    const browser = aBrowser(service)
    const csrf = (await browser.get(path)).forms[0]?.controls.find(({ name }) => name === 'csrf')?.value ?? ''
    const joined = await browser.post(path, { csrf, answer: 'join', ...person, password: 'the password of a thief' })
    expect(joined.location).toMatch(/^\/login\?/)
    expect(await whoIsIn(service, browser)).toBeUndefined()
    expect((await seatOf(id)).status).toBe('pending')
    expect((await signIn(aBrowser(service), account)).status).toBe(303)
  })

  test('not with a token that was changed, or of which a part is missing', async () => {
    const { token, id } = await invited(newAddress())
    const swapped = token.slice(0, -8) + [...token.slice(-8)].reverse().join('')
    const browser = aBrowser(service)
    for (const wrong of [swapped, token.slice(0, -1), `${token}A`, token.toUpperCase(), 'x'.repeat(300)]) {
      expect((await browser.get(`/invitations/${wrong}`)).status).toBe(404)
    }
    expect((await seatOf(id)).status).toBe('pending')
  })

  test('once, of twenty at once: one account, one seat', async () => {
    const email = newAddress()
    const { path } = await invited(email)
    const at = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const browser = aBrowser(service)
        return { browser, page: await browser.get(path) }
      }),
    )
    const answers = await Promise.all(at.map(({ browser, page }) => answer(browser, page, 'join', person)))
    expect(answers.filter(({ location }) => location === '/account')).toHaveLength(1)
    expect(await service.db.knex('users').where({ email })).toHaveLength(1)
    expect(await service.db.knex('memberships').where({ user_email: email, status: 'active' })).toHaveLength(1)
  })

  test('not after it was withdrawn or has expired, not even in the moment before', async () => {
    const [withdrawn, expired] = [newAddress(), newAddress()]
    const [one, two] = [await invited(withdrawn), await invited(expired)]
    const browser = aBrowser(service)
    const [first, second] = [await browser.get(one.path), await browser.get(two.path)]
    const gone = await owner.delete(`/memberships/${one.id}`)
    expect(gone.status).toBe(204)
    await service.db.knex('memberships').where({ id: two.id }).update({ invitation_expires_at: new Date() })
    for (const page of [first, second]) {
      expect((await answer(browser, page, 'join', person)).status).toBe(404)
      expect((await browser.get(page.path)).status).toBe(404)
    }
    // Neither was an account made of it.
    expect(await service.db.knex('users').whereIn('email', [withdrawn, expired])).toEqual([])
  })
})

test('J10 an invitation that ends between its page and its answer leaves no account behind', async () => {
  const email = newAddress()
  const { token, id } = await invited(email)
  await service.db.knex('memberships').where({ id }).update({ invitation_status: 'revoked' })
  const store = { knex: service.db.knex, secrets: service.parts.secrets }
  const making = { firstName: 'E', lastName: 'V', passwordHash: 'x', now: new Date(), requestId: 'spec' }
  expect(await joinInvited(store, { ...making, token, email })).toBeUndefined()
  expect(await service.db.knex('users').where({ email })).toEqual([])
})

test('C6 who has made an account with an address before cannot have done so without its mailbox', async () => {
  const email = newAddress()
  const browser = aBrowser(service)
  await browser.submit(await browser.get('/sign_up'), { email })
  const { path } = await invited(email)
  const page = await aBrowser(service).get(path)
  expect(buttons(page)).toEqual(['join', 'decline'])
  const guest = aBrowser(service)
  expect((await answer(guest, await guest.get(path), 'join', person)).location).toBe('/account')
  // The sign-up that waited makes no second account, and no other password.
  const old = (await letterTo(service, email, 'sign_up')).path
  const late = await browser.submit(await browser.get(old), {
    ...person,
    password: 'another long walk',
    organization: 'X',
  })
  expect(late.location).toMatch(/^\/login\?/)
  expect((await signIn(aBrowser(service), { email })).status).toBe(303)
  expect(await service.db.knex('users').where({ email })).toHaveLength(1)
})
