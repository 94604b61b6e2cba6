import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aMember, anApplication, anOwner, call, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { ALL, aRole, make } from '../support/shop.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const inside = (): Record<string, [string, string]> => ({ organization: ['organizations', owner.organizationId] })
const admins = (): Record<string, [string, string]> => ({ ...inside(), role: ['roles', owner.roles.Admin as string] })

/** An admin whose seat opens the test mode only. */
async function aTester() {
  const tester = await aMember(service, owner, owner.roles.Admin as string)
  const body = change('memberships', tester.membershipId, { access_scope: 'test_access' })
  expect((await owner.patch(`/memberships/${tester.membershipId}`, body)).status).toBe(200)
  return tester
}

test('a seat for tests raises no live seat', async () => {
  const tester = await aTester()
  const { membershipId } = await aMember(service, owner, owner.roles['Read-only'] as string)
  const path = `/memberships/${membershipId}`
  const raised = change('memberships', membershipId, {}, { role: ['roles', owner.roles.Admin as string] })
  expect((await tester.patch(path, raised)).status).toBe(403)
  await owner.patch(path, change('memberships', membershipId, { access_scope: 'test_access' }))
  expect((await tester.patch(path, raised)).status).toBe(200)
})

test('nor what a live application may do, by its role', async () => {
  const tester = await aTester()
  const custom = await aRole(owner, 'custom')
  await anApplication(service, owner, 'integration', { roleId: custom, attributes: { mode: 'live' } })
  expect((await tester.delete(`/roles/${custom}?reassign_to=${owner.roles.Admin}`)).status).toBe(403)
  const wider = resource('permissions', { subject: 'customers', ...ALL }, { role: ['roles', custom] })
  expect((await tester.post('/permissions', wider)).status).toBe(403)
  const free = await aRole(owner, 'free')
  const there = resource('permissions', { subject: 'customers', ...ALL }, { role: ['roles', free] })
  expect((await tester.post('/permissions', there)).status).toBe(201)
})

test('nor a dead invitation to what is live', async () => {
  const tester = await aTester()
  const invitation = resource('memberships', { user_email: 'live@example.com', access_scope: 'all_access' }, admins())
  const { id } = (await owner.post('/memberships', invitation)).body.data
  expect((await tester.post(`/memberships/${id}/resend`)).status).toBe(403)
  expect((await owner.post(`/memberships/${id}/resend`)).status).toBeLessThan(300)
})

test('nor does it lift what narrows a live seat', async () => {
  const tester = await aTester()
  const { membershipId } = await aMember(service, owner, owner.roles['Read-only'] as string)
  const attributes = { redirect_uri: 'https://a.example/cb', mode: 'live' }
  const webapp = await anApplication(service, owner, 'webapp', { attributes })
  const links = { api_credential: ['api_credentials', webapp.id], membership: ['memberships', membershipId] } as const
  const opening = await make(owner, 'application_memberships', {
    links: { ...links, role: ['roles', await aRole(owner, 'N')] } as never,
  })
  expect((await tester.delete(`/application_memberships/${opening.id}`)).status).toBe(403)
})

test('nobody leaves and invites themselves with more, in one request', async () => {
  const role = await aRole(owner, 'R', 'memberships')
  const person = await aMember(service, owner, role)
  const again = resource(
    'memberships',
    { user_email: person.email, access_scope: 'all_access' },
    { ...inside(), role: ['roles', role] },
  )
  const operations = [
    { op: 'remove', ref: { type: 'memberships', id: person.membershipId } },
    { op: 'add', data: (again as { data: unknown }).data },
  ]
  const type = 'application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"'
  const headers = { authorization: `Bearer ${person.token}`, accept: type, 'content-type': type }
  const body = JSON.stringify({ 'atomic:operations': operations })
  expect((await call(service, '/api/operations', { method: 'POST', headers, body })).status).toBe(403)
  expect((await person.get(`/memberships/${person.membershipId}`)).status).toBe(200)
})

test('what changes nobody’s access may be changed beside an owner', async () => {
  const admin = await aMember(service, owner, owner.roles.Admin as string)
  const seat = (await owner.get('/memberships?filter[q][owner_true]=true')).body.data[0].id
  const note = { metadata: { a: 1 } }
  // Sent back as it was read.
  const same = change('memberships', seat, note, {}) as { data: { relationships?: unknown } }
  same.data.relationships = { membership_profile: { data: null } }
  expect((await admin.patch(`/memberships/${seat}`, same)).status).toBe(200)
  const { id } = await make(owner, 'membership_profiles', { attributes: { name: 'P', access_scope: 'all_access' } })
  const linkage = { data: { type: 'membership_profiles', id } }
  await owner.patch(`/memberships/${seat}/relationships/membership_profile`, linkage)
  const renamed = change('membership_profiles', id, { ...note, access_scope: 'all_access' })
  expect((await admin.patch(`/membership_profiles/${id}`, renamed)).status).toBe(200)
  const narrowed = change('membership_profiles', id, { access_scope: 'test_access' })
  expect((await admin.patch(`/membership_profiles/${id}`, narrowed)).status).toBe(403)
  const webapp = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://a.example/cb' } })
  const links = {
    api_credential: ['api_credentials', webapp.id],
    membership_profile: ['membership_profiles', id],
  } as const
  const role = ['roles', owner.roles.Member as string]
  const opening = await make(owner, 'application_memberships', { links: { ...links, role } as never })
  const path = `/application_memberships/${opening.id}`
  expect((await admin.patch(path, change('application_memberships', opening.id, note))).status).toBe(200)
  const filtered = change('application_memberships', opening.id, { filters: null })
  expect((await admin.patch(path, filtered)).status).toBe(403)
})
