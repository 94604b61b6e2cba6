import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createAccount } from '../../src/access/accounts.js'
import { newId } from '../../src/ids.js'
import { organizationClaims } from '../../src/tokens/claims.js'
import { mintToken } from '../../src/tokens/mint.js'
import {
  type Api,
  aMember,
  anApplication,
  anOwner,
  aPerson,
  api,
  type Body,
  change,
  type Owner,
  resource,
} from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { asWebapp } from '../support/webapp.js'

// What a review of the service found; each of these tests failed before the fix that it guards.

let service: Service
let owner: Owner
const inside = (): Record<string, [string, string]> => ({ organization: ['organizations', owner.organizationId] })
const withRole = (role: string | undefined): Record<string, [string, string]> => ({
  ...inside(),
  role: ['roles', String(role)],
})
const patchUser = (attributes: Body): Body => ({ data: { type: 'users', attributes } })

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

test('C6 an unproven address does not make a member the target of a transfer of ownership', async () => {
  const boss = await anOwner(service)
  const thief = await aMember(service, boss, boss.roles['Read-only'] as string)
  const address = `ceo-${newId().toLowerCase()}@bigcorp.example`
  await thief.patch('/user', patchUser({ email: address }))
  const data = { type: 'organizations', id: boss.organizationId, attributes: { new_owner_email: address } }
  await boss.patch(`/organizations/${boss.organizationId}/transfer_ownership`, { data })
  const seat = await thief.get(`/memberships/${thief.membershipId}`)
  expect(seat.body.data.attributes.owner).toBe(false)
})

test('C6 an unproven address keeps nobody from an account of their own', async () => {
  const squatter = await aPerson(service)
  const address = `victim-${newId().toLowerCase()}@corp.example`
  await squatter.patch('/user', patchUser({ email: address }))
  const { secrets } = service.parts
  const made = createAccount(service.db.knex, secrets, { email: address, now: service.parts.clock() })
  await expect(made).resolves.toHaveProperty('email', address)
})

test('J16 a filter costs no more than a bounded number of comparisons a row', async () => {
  const names = Array.from({ length: 8 }, () => 'user_email').join('_or_')
  const values = Array.from({ length: 100 }, (_, i) => `y${i}`).join(',')
  expect((await owner.get(`/memberships?filter[q][${names}_cont_any]=${values}`)).status).toBe(400)
})

test('J14 a token without rights costs no more than its refusal', async () => {
  const guest = await anApplication(service, owner, 'sales_channel')
  const members = Array.from({ length: 50_000 }, (_, i) => `"${i.toString(36)}":0`).join(',')
  const body = `{"data":{"type":"roles","attributes":{${members}}}}`
  const type = 'application/vnd.api+json'
  const headers = { authorization: `Bearer ${guest.token}`, 'content-type': type }
  const reply = await fetch(`${service.url}/api/roles`, { method: 'POST', headers, body })
  const size = (await reply.arrayBuffer()).byteLength
  // More values than any honest body has: refused before anybody looks at what they are.
  expect({ status: reply.status, small: size < 65_536 }).toEqual({ status: 400, small: true })
  const fewer = `{"data":{"type":"roles","attributes":{${members.split(',').slice(0, 5000).join(',')}}}}`
  const second = await fetch(`${service.url}/api/roles`, { method: 'POST', headers, body: fewer })
  expect({ status: second.status, small: (await second.text()).length < 2000 }).toEqual({ status: 403, small: true })
})

test('J14 an answer lists a bounded number of faults', async () => {
  const attributes = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`a${i}`, 0]))
  const reply = await owner.post('/roles', resource('roles', attributes, inside()))
  expect(reply.body.errors.length).toBeLessThanOrEqual(100)
})

test('two integrations with one owner never share their rights', async () => {
  const reader = await anApplication(service, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
  const admin = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  const organization = { id: owner.organizationId, slug: owner.organization.attributes.slug, region: 'eu-west-1' }
  const { keys, clock } = service.parts
  const now = clock()
  const issuance = { issuer: service.config.issuer, audience: service.config.apiUrl, now }
  const tokenOf = (app: typeof reader): Promise<string> => {
    const subject = { applicationId: app.id, clientId: app.clientId, authenticated: true, lifetimeSeconds: 7200 }
    const claims = organizationClaims(
      'integration',
      { ...subject, scope: 'market:all', test: true, organization },
      issuance,
    )
    return mintToken(keys, { ...claims, owner: { id: owner.userId, type: 'User' as const } }, now)
  }
  await api(service, await tokenOf(admin)).get('/roles')
  const reply = await api(service, await tokenOf(reader)).post('/roles', resource('roles', { name: 'x' }, inside()))
  expect(reply.status).toBe(403)
})

test('a seat with test access only gives no live access and makes no live credential', async () => {
  const member = await aMember(service, owner, owner.roles.Admin as string)
  const seat = `/memberships/${member.membershipId}`
  await owner.patch(seat, change('memberships', member.membershipId, { access_scope: 'test_access' }))
  const email = `${newId().toLowerCase()}@example.com`
  const guest = resource('memberships', { user_email: email, access_scope: 'all_access' }, withRole(owner.roles.Member))
  expect((await member.post('/memberships', guest)).status).toBe(403)
})

test('a seat with test access only gets no more by an application, of its own or of somebody else', async () => {
  const roleId = owner.roles.Admin as string
  const theirs = (kind: string, attributes = {}) =>
    anApplication(service, owner, kind, { ...(kind === 'integration' ? { roleId } : {}), attributes })
  const live = await theirs('integration', { mode: 'live' })
  const test = await theirs('integration')
  const channel = await theirs('sales_channel')
  const member = await aMember(service, owner, roleId)
  const seat = (access_scope: string) => change('memberships', member.membershipId, { access_scope })
  const lift = async (caller: Api, access = 'all_access') =>
    (await caller.patch(`/memberships/${member.membershipId}`, seat(access))).status
  // A test application of somebody with more changes seats as its role says.
  expect([await lift(test), await lift(test, 'test_access')]).toEqual([200, 200])
  await service.parts.revocations.refresh()

  const asMember = { ...owner, ...member, organizationId: owner.organizationId, roles: owner.roles }
  const machine = await anApplication(service, asMember, 'integration', { roleId })
  expect(await lift(machine)).toBe(403)
  const heir = await anApplication(service, { ...asMember, post: machine.post }, 'integration', { roleId })
  expect([(await heir.get('/application')).status, await lift(heir)]).toEqual([200, 403])
  const redirect = { redirect_uri: 'https://app.example/cb' }
  const application = await anApplication(service, asMember, 'webapp', { attributes: redirect })
  expect(await lift(await asWebapp(service, { owner, application, userId: owner.userId }))).toBe(403)

  const patch = async (id: string, attributes: Body) =>
    (await member.patch(`/api_credentials/${id}`, change('api_credentials', id, attributes))).status
  for (const { id } of [live, test]) {
    expect((await member.post(`/api_credentials/${id}/rotate_secret`)).status).toBe(403)
    for (const attributes of [{ jwks: { keys: [] } }, { name: 'mine' }, { _enable: true }]) {
      expect([attributes, await patch(id, attributes)]).toEqual([attributes, 403])
    }
    expect(await patch(id, { _disable: true })).toBe(200)
    expect((await member.delete(`/api_credentials/${id}`)).status).toBe(204)
  }
  for (const { id } of [machine, channel]) {
    expect((await member.post(`/api_credentials/${id}/rotate_secret`)).status).toBe(200)
  }
})

test('a built-in application takes no keys and keeps its role', async () => {
  const { data } = (await owner.get('/api_credentials?filter[q][kind_eq]=resources')).body
  const [{ id }] = data
  const rotated = await owner.post(`/api_credentials/${id}/rotate_secret`)
  const path = `/api_credentials/${id}`
  const keyed = await owner.patch(path, change('api_credentials', id, { jwks: { keys: [] } }))
  const role: Record<string, [string, string]> = { role: ['roles', owner.roles.Member as string] }
  const lowered = await owner.patch(path, change('api_credentials', id, {}, role))
  const named = await owner.patch(path, change('api_credentials', id, { name: 'Built in' }))
  expect([rotated, keyed, lowered, named].map(({ status }) => status)).toEqual([409, 409, 409, 200])
})

test('only an owner changes the seat of the owner', async () => {
  const admin = await aMember(service, owner, owner.roles.Admin as string)
  const [seat] = (await owner.get('/memberships?filter[q][owner_true]=true')).body.data
  const body = change('memberships', seat.id, { access_scope: 'test_access' })
  expect((await admin.patch(`/memberships/${seat.id}`, body)).status).toBe(403)
})

test('J15 an answer with includes has a bounded size', async () => {
  const big = await anOwner(service)
  const metadata = JSON.stringify({ text: 'y'.repeat(32_000) })
  const now = new Date()
  const common = { organization_id: big.organizationId, name: 'r', metadata, created_at: now, updated_at: now }
  for (let batch = 0; batch < 9; batch += 1) {
    await service.db.knex('roles').insert(Array.from({ length: 100 }, () => ({ ...common, id: newId() })))
  }
  const headers = { authorization: `Bearer ${big.token}` }
  const reply = await fetch(`${service.url}/api/organizations/${big.organizationId}?include=roles`, { headers })
  expect((await reply.arrayBuffer()).byteLength).toBeLessThan(16 * 1024 * 1024)
}, 60_000)

test('an application that expires mints none that outlives it', async () => {
  const expires_at = new Date(Date.now() + 3_600_000).toISOString()
  const roleId = owner.roles.Admin as string
  const app = await anApplication(service, owner, 'integration', { roleId, attributes: { expires_at } })
  const heir = resource('api_credentials', { name: 'heir', kind: 'integration' }, withRole(roleId))
  const made = await app.post('/api_credentials', heir)
  expect([made.status, made.body.data.attributes.expires_at]).toEqual([201, expires_at])
  for (const later of ['2099-01-01T00:00:00Z', null]) {
    const { id } = made.body.data
    const patched = await app.patch(`/api_credentials/${id}`, change('api_credentials', id, { expires_at: later }))
    expect([patched.status, patched.body.data?.attributes.expires_at]).toEqual(
      later === null ? [200, expires_at] : [403, undefined],
    )
  }
  const endless = await anApplication(service, owner, 'integration', { roleId })
  const rotate = async (id: string) => (await app.post(`/api_credentials/${id}/rotate_secret`)).status
  expect([await rotate(endless.id), await rotate(app.id), await rotate(made.body.data.id)]).toEqual([403, 200, 200])
  const keys = change('api_credentials', endless.id, { jwks: { keys: [] } })
  expect((await app.patch(`/api_credentials/${endless.id}`, keys)).status).toBe(403)
})
