import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { aMember, anApplication, anOwner, aPerson, api, call, type Owner, type Person } from '../support/api.js'
import { aChallenge, allow, aRequest } from '../support/authorize.js'
import { aBrowser } from '../support/browser.js'
import { letterTo } from '../support/mailbox.js'
import { type Service, startService } from '../support/service.js'
import { asWebapp } from '../support/webapp.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const change = (person: Pick<Person, 'patch'>, attributes: Record<string, unknown>) =>
  person.patch('/user', { data: { type: 'users', attributes, relationships: {} } })
const newAddress = (): string => `${newId().toLowerCase()}@example.com`

/** The token in the mail that waits for an address. */
async function tokenFor(address: string): Promise<string> {
  const rows = await service.db.knex('outbox').where({ kind: 'email_change' }).orderBy('created_at', 'desc')
  const messages = rows.map((row) => JSON.parse(service.parts.secrets.open(row.payload)))
  return messages.find(({ email }) => email === address)?.token
}

/** Opens the link of a mail and presses the button there. */
async function confirm(token: string) {
  const browser = aBrowser(service)
  return browser.submit(await browser.get(`/verify_email/${token}`))
}

test('the user sees and changes only themselves, without an id', async () => {
  const person = await aPerson(service)
  const self = await person.get('/user')
  expect([self.body.data.type, self.body.data.id, self.body.data.attributes.email]).toEqual([
    'users',
    person.userId,
    person.email,
  ])
  const changed = await change(person, { first_name: 'Grace', time_zone: 'Europe/Rome', metadata: null })
  expect(changed.body.data.attributes).toMatchObject({ first_name: 'Grace', time_zone: 'Europe/Rome', metadata: {} })
  expect((await change(person, { otp_required_for_login: true })).status).toBe(422)
  expect((await change(person, { time_zone: '<script>' })).status).toBe(422)
  const history = await service.db.knex('user_versions').where({ user_id: person.userId })
  expect(history.map(({ changes }) => Object.keys(changes).sort())).toEqual([['first_name', 'time_zone']])
})

test('C6 an application that acts for its user in one organization may not change the address; the user may', async () => {
  const person = await aMember(service, owner, owner.roles.Admin as string)
  const webapp = await anApplication(service, owner, 'webapp', {
    attributes: { redirect_uri: 'https://app.example.com/callback' },
  })
  const app = await asWebapp(service, { owner, application: webapp, userId: person.userId, scope: 'market:all' })
  expect((await change(app, { first_name: 'Grace' })).status).toBe(200)
  const address = newAddress()
  const refused = await change(app, { email: address })
  expect([refused.status, refused.body.errors[0].code]).toEqual([403, 'FORBIDDEN'])
  expect(await tokenFor(address)).toBeUndefined()
  expect((await change(app, { email: person.email })).status).toBe(200)
  expect((await change(person, { email: address })).status).toBe(200)
})

test('C6 nor may the console, which acts in all of their organizations', async () => {
  const person = await aPerson(service)
  const browser = aBrowser(service)
  await browser.signIn(person.userId)
  const { verifier, challenge } = aChallenge()
  const redirect_uri = 'http://127.0.0.1:4321/callback'
  const request = aRequest('gatehouse-dashboard', { redirect_uri, code_challenge: challenge })
  const { code = '' } = await allow(browser, request)
  const exchange = { grant_type: 'authorization_code', client_id: 'gatehouse-dashboard', redirect_uri }
  const form = new URLSearchParams({ ...exchange, code, code_verifier: verifier })
  const { body } = await call(service, '/oauth/token', { method: 'POST', body: form })
  const terminal = api(service, body.access_token)
  expect((await change(terminal, { first_name: 'Grace' })).status).toBe(200)
  const address = newAddress()
  const refused = await change(terminal, { email: address })
  expect([refused.status, refused.body.errors[0].code]).toEqual([403, 'FORBIDDEN'])
  expect(await tokenFor(address)).toBeUndefined()
  expect((await person.get('/user')).body.data.attributes.unconfirmed_email).toBeNull()
})

test('a machine has no user', async () => {
  const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  expect((await machine.get('/user')).status).toBe(404)
})

test('a new address counts from the moment its mailbox confirms it, once', async () => {
  const member = await aMember(service, owner, owner.roles.Member as string)
  const address = newAddress()
  const asked = await change(member, { email: address.toUpperCase() })
  expect(asked.body.data.attributes).toMatchObject({ email: member.email, unconfirmed_email: address })
  const token = await tokenFor(address)
  const path = `/verify_email/${token}`
  expect((await call(service, path)).status).toBe(200)
  expect((await member.get('/user')).body.data.attributes.email).toBe(member.email)
  expect((await call(service, path, { method: 'POST' })).status).toBe(400)
  const confirmed = await Promise.all([confirm(token), confirm(token)])
  expect(confirmed.map(({ status }) => status).sort()).toEqual([200, 404])
  expect((await member.get('/user')).body.data.attributes).toMatchObject({ email: address, unconfirmed_email: null })
  expect((await owner.get(`/memberships/${member.membershipId}`)).body.data.attributes.user_email).toBe(address)
  const [version] = await service.db
    .knex('user_versions')
    .where({ user_id: member.userId })
    .orderBy('created_at', 'desc')
  expect(version.changes).toEqual({ email: [member.email, address] })
})

test('C6 whose credential asks for another address is told at once, at the present one', async () => {
  const person = await aPerson(service)
  await change(person, { email: newAddress() })
  const { message, path } = await letterTo(service, person.email, 'account_changed')
  expect([message, path]).toEqual([expect.objectContaining({ change: 'address_wish' }), '/forgotten_password'])
})

test('J5 somebody else’s address gets the same answer; it is refused only to its mailbox', async () => {
  const [one, two] = [await aPerson(service), await aPerson(service)]
  const free = await change(one, { email: newAddress() })
  const taken = await change(one, { email: two.email })
  expect([taken.status, Object.keys(taken.body.data.attributes)]).toEqual([
    free.status,
    Object.keys(free.body.data.attributes),
  ])
  expect((await confirm(await tokenFor(two.email))).status).toBe(404)
  expect((await one.get('/user')).body.data.attributes.email).toBe(one.email)
})

test('a later wish, or the present address, makes the earlier link useless; so does time', async () => {
  const person = await aPerson(service)
  const [first, second] = [newAddress(), newAddress()]
  await change(person, { email: first })
  await change(person, { email: second })
  expect((await confirm(await tokenFor(first))).status).toBe(404)
  await change(person, { email: person.email })
  expect((await confirm(await tokenFor(second))).status).toBe(404)
  const third = newAddress()
  await change(person, { email: third })
  await service.db
    .knex('users')
    .where({ id: person.userId })
    .update({ email_token_expires_at: new Date(Date.now() - 1000) })
  expect((await confirm(await tokenFor(third))).status).toBe(404)
})
