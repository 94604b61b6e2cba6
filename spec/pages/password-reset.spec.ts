import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Secret, TOTP } from 'otpauth'
import { newTotp } from '../../src/access/second-factor.js'
import { setUpTotp } from '../../src/access/second-factor-setup.js'
import { newId } from '../../src/ids.js'
import { anOwner, call, tokenFor } from '../support/api.js'
import { aBrowser, type Page } from '../support/browser.js'
import { aSignedUp, newAddress, PASSWORD, plain, signIn, whoIsIn } from '../support/entrance.js'
import { tokenFor as invitationFor, invite } from '../support/invitations.js'
import { lettersTo, letterTo } from '../support/mailbox.js'
import { type Service, startService } from '../support/service.js'

const NEW = 'a long swim in the lake'

jest.setTimeout(60_000)

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

const ask = async (email: string, browser = aBrowser(service)): Promise<Page> =>
  browser.submit(await browser.get('/forgotten_password'), { email })
async function linkFor(email: string): Promise<string> {
  await ask(email)
  return (await letterTo(service, email, 'password_reset')).path
}
async function choose(path: string, password = NEW): Promise<Page> {
  const browser = aBrowser(service)
  const page = await browser.get(path)
  return page.forms.length === 0 ? page : browser.submit(page, { password })
}

describe('a forgotten password', () => {
  test('a mail, a new password, and a mail that says so; nobody is signed in by it', async () => {
    const person = await aSignedUp(service)
    const path = await linkFor(person.email)
    const browser = aBrowser(service)
    const page = await browser.get(path)
    expect(page.text).toContain(person.email)
    expect((await signIn(aBrowser(service), person)).status).toBe(303)
    const done = await browser.submit(page, { password: NEW })
    expect([done.status, done.text.includes('Your password is changed')]).toEqual([200, true])
    expect(await whoIsIn(service, browser)).toBeUndefined()
    expect((await signIn(aBrowser(service), person)).status).toBe(422)
    expect((await signIn(aBrowser(service), { ...person, password: NEW })).status).toBe(303)
    expect((await letterTo(service, person.email, 'password_changed')).path).toBe('/forgotten_password')
    const history = await service.db.knex('user_versions').where({ user_id: person.userId })
    expect(history.map(({ changes }) => Object.keys(changes))).toEqual([['password_changed_at']])
    expect(JSON.stringify(history)).not.toMatch(/\$2[aby]\$/)
    // S8 neither the link nor a password stands in a log line, in the table of links, or in the mail that waits.
    const kept = [service.logs, await service.db.knex('mailed_tokens'), await service.db.knex('outbox')]
    expect(JSON.stringify(kept)).not.toContain(path.slice('/reset_password/'.length))
    expect(JSON.stringify(kept)).not.toMatch(/a long (walk|swim)/)
  })

  test('S3 an unknown, a disabled and an unproven address get the same page; only the mailbox of an account gets a mail', async () => {
    const [known, disabled, unproven, unknown] = [
      await aSignedUp(service),
      await aSignedUp(service),
      await aSignedUp(service),
      newAddress(),
    ]
    await service.db.knex('users').where({ id: disabled.userId }).update({ disabled_at: new Date() })
    await service.db.knex('users').where({ id: unproven.userId }).update({ email_verified_at: null })
    const pretended = () => service.db.knex('outbox').where({ kind: 'password_reset', payload: '' })
    const before = (await pretended()).length
    const emails = [known.email, disabled.email, unproven.email, unknown]
    const pages = await Promise.all(emails.map((email) => ask(email)))
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(new Set(pages.map(plain)).size).toBe(1)
    const letters = await Promise.all(emails.map((email) => lettersTo(service, email)))
    expect(letters.map((list) => list.length)).toEqual([1, 0, 0, 0])
    // The same is written for all of them: that takes the same time. What is not to be sent holds nothing.
    // (Other specs may share the database, and add to it.)
    expect((await pretended()).length).toBeGreaterThanOrEqual(before + 3)
    expect((await pretended()).every(({ sent_at }) => sent_at !== null)).toBe(true)
    const tokens = await service.db.knex('mailed_tokens').whereIn('email', emails)
    expect([tokens.length, tokens.filter(({ used_at }) => used_at === null).length]).toEqual([4, 1])
  })

  test('a link is good once, for an hour, until there is a newer one, and for the address that it went to', async () => {
    const person = await aSignedUp(service)
    const [first, second] = [await linkFor(person.email), await linkFor(person.email)]
    expect((await choose(first)).status).toBe(404)
    const browser = aBrowser(service)
    const page = await browser.get(second)
    const answers = await Promise.all([1, 2, 3, 4, 5].map((at) => browser.submit(page, { password: `${NEW} ${at}` })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404])
    expect((await choose(second)).status).toBe(404)
    const third = await linkFor(person.email)
    await service.db.knex('mailed_tokens').where({ email: person.email }).update({ expires_at: new Date() })
    expect((await choose(third)).status).toBe(404)
    const fourth = await linkFor(person.email)
    const form = await browser.get(fourth)
    await service.db.knex('users').where({ id: person.userId }).update({ email: newAddress() })
    expect((await browser.submit(form, { password: NEW })).status).toBe(404)
  })

  test('S1 the rules of passwords hold, and a refused one uses nothing up', async () => {
    const person = await aSignedUp(service)
    const path = await linkFor(person.email)
    for (const password of ['short', 'password1', person.email, 'x'.repeat(1001)]) {
      expect((await choose(path, password)).status).toBe(422)
    }
    expect((await choose(path)).status).toBe(200)
  })

  test('the second factor is asked for as ever', async () => {
    const person = await aSignedUp(service)
    const { secret } = newTotp(person.email)
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
    const store = { knex: service.db.knex, secrets: service.parts.secrets }
    await setUpTotp(store, { userId: person.userId, secret, code, now: new Date(), requestId: 'spec' })
    await choose(await linkFor(person.email))
    const browser = aBrowser(service)
    const answer = await signIn(browser, { ...person, password: NEW })
    expect([answer.status, answer.forms[0]?.action]).toEqual([200, '/login/two_factor'])
    expect(await whoIsIn(service, browser)).toBeUndefined()
  })
})

test('T9 9700-11 a new password ends every session, family, code, device, consent and access token of the person', async () => {
  const person = await aSignedUp(service)
  const owner = await anOwner(service)
  const browser = aBrowser(service)
  await signIn(browser, person)
  const [session] = await service.parts.sessions.listOf(person.userId, new Date())
  const access = await tokenFor(service, person)
  const { knex } = service.db
  const stamps = { created_at: new Date(), expires_at: new Date(Date.now() + 1e6) }
  const of = { organization_id: owner.organizationId, user_id: person.userId, client_id: 'c', scope: '' }
  const [free, hung] = [newId(), newId()]
  const family = { ...of, ...stamps, last_used_at: new Date() }
  await knex('refresh_families').insert([
    { ...family, id: free },
    { ...family, id: hung, session_id: session?.id },
  ])
  const code = { ...of, ...stamps, hash: newId(), redirect_uri: 'x', authenticated_at: new Date() }
  await knex('authorization_codes').insert(code)
  const device = {
    hash: newId(),
    user_code_hash: newId(),
    client_id: 'c',
    scope: '',
    status: 'approved',
    interval_seconds: 5,
  }
  await knex('device_codes').insert({ ...device, ...stamps, user_id: person.userId })
  const consent = { ...of, id: newId(), created_at: new Date(), updated_at: new Date() }
  await knex('consents').insert(consent)
  const bearer = { headers: { authorization: `Bearer ${access}` } }
  expect((await call(service, '/api/user', bearer)).status).toBe(200)
  // Tokens tell no milliseconds: the second in which the password changes is the old one's.
  expect((await choose(await linkFor(person.email))).status).toBe(200)
  expect((await call(service, '/api/user', bearer)).status).toBe(401)
  expect(await whoIsIn(service, browser)).toBeUndefined()
  const families = await knex('refresh_families').where({ user_id: person.userId })
  expect(families.map(({ ended_at }) => ended_at === null)).toEqual([false, false])
  expect((await knex('authorization_codes').where({ hash: code.hash }).first()).used_at).not.toBeNull()
  expect((await knex('device_codes').where({ hash: device.hash }).first()).status).toBe('denied')
  expect(await knex('consents').where({ user_id: person.userId })).toEqual([])
})

test('C6 a wish for another address, made with the old password, ends with it', async () => {
  const person = await aSignedUp(service)
  const access = await tokenFor(service, person)
  const wanted = `${newId().toLowerCase()}@example.com`
  const body = JSON.stringify({ data: { type: 'users', attributes: { email: wanted } } })
  const headers = { authorization: `Bearer ${access}`, 'content-type': 'application/vnd.api+json' }
  expect((await call(service, '/api/user', { method: 'PATCH', headers, body })).status).toBe(200)
  const { path } = await letterTo(service, wanted, 'email_change')
  expect((await choose(await linkFor(person.email))).status).toBe(200)
  const thief = aBrowser(service)
  expect((await thief.submit(await thief.get(path))).status).toBe(404)
  expect((await service.db.knex('users').where({ id: person.userId }).first()).email).toBe(person.email)
})

describe('C11 a token for one thing is nothing for another', () => {
  test('of an invitation, a sign-up, a new password, another address', async () => {
    const owner = await anOwner(service)
    const [person, stranger, guest] = [await aSignedUp(service), newAddress(), newAddress()]
    const browser = aBrowser(service)
    await invite(owner, guest)
    await browser.submit(await browser.get('/sign_up'), { email: stranger })
    const moved = newAddress()
    await owner.patch('/user', { data: { type: 'users', attributes: { email: moved }, relationships: {} } })
    const tokens = {
      invitations: await invitationFor(service, owner.organizationId, guest),
      sign_up: (await letterTo(service, stranger, 'sign_up')).path.slice('/sign_up/'.length),
      reset_password: (await linkFor(person.email)).slice('/reset_password/'.length),
      verify_email: (await letterTo(service, moved, 'email_change')).path.slice('/verify_email/'.length),
    }
    const fields = { password: NEW, first_name: 'E', last_name: 'V', organization: 'Evil', answer: 'join' }
    for (const [page, own] of Object.entries(tokens)) {
      const form = await browser.get(`/${page}/${own}`)
      const csrf = form.forms[0]?.controls.find(({ name }) => name === 'csrf')?.value ?? ''
      for (const [other, token] of Object.entries(tokens)) {
        if (other === page) continue
        expect([page, other, (await browser.post(`/${page}/${token}`, { ...fields, csrf })).status]).toEqual([
          page,
          other,
          404,
        ])
      }
    }
    // None was used up by that.
    expect((await browser.get(`/sign_up/${tokens.sign_up}`)).status).toBe(200)
    expect((await browser.get(`/invitations/${tokens.invitations}`)).status).toBe(200)
    expect((await choose(`/reset_password/${tokens.reset_password}`)).status).toBe(200)
    expect((await signIn(aBrowser(service), person)).status).toBe(422)
    expect(PASSWORD).not.toBe(NEW)
  })
})
