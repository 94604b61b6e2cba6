import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aMember, anOwner, type Body, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const inside = (): Record<string, [string, string]> => ({ organization: ['organizations', owner.organizationId] })
const seat = (email: string, role = owner.roles.Member as string) =>
  resource('memberships', { user_email: email }, { ...inside(), role: ['roles', role] })
const aRole = async (name: string): Promise<string> =>
  (await owner.post('/roles', resource('roles', { name }, inside()))).body.data.id

test('an invitation is a pending seat with an expiry; the address is canonical and has one seat', async () => {
  const made = await owner.post('/memberships', seat('New.Person@Example.COM'))
  expect([made.status, made.headers.get('location')]).toEqual([201, made.body.data.links.self])
  expect(made.body.data.attributes).toMatchObject({
    user_email: 'new.person@example.com',
    status: 'pending',
    owner: false,
    access_scope: 'live_access',
    test_enabled: false,
    invitation_status: 'pending',
  })
  const days = (Date.parse(made.body.data.attributes.invitation_expires_at) - Date.now()) / 86_400_000
  expect(Math.round(days)).toBe(7)
  const again = await owner.post('/memberships', seat('new.person@example.com'))
  expect([again.status, again.body.errors[0].source, again.body.errors[0].meta]).toEqual([
    409,
    { pointer: '/data/attributes/user_email' },
    { error: 'taken' },
  ])
})

test('S10 an address is one plain address', async () => {
  for (const email of [
    'a@example.com,b@example.com',
    'a@example.com.',
    'Ada <a@example.com>',
    'a@@example.com',
    `${'a'.repeat(250)}@example.com`,
    'a@exämple.com',
    '',
  ]) {
    const reply = await owner.post('/memberships', seat(email))
    expect([email, reply.status, reply.body.errors[0].source.pointer]).toEqual([
      email,
      422,
      '/data/attributes/user_email',
    ])
  }
  expect(
    (
      await owner.post('/memberships', {
        data: { ...seat('x@example.com').data, attributes: { user_email: ['x@example.com'] } },
      })
    ).status,
  ).toBe(422)
})

test('resending makes a new token and a new expiry on the same row; an active seat has nothing to resend', async () => {
  const { id } = (await owner.post('/memberships', seat('resend@example.com'))).body.data
  const hash = async () =>
    (await service.db.knex('memberships').where({ id }).first('invitation_token_hash')).invitation_token_hash
  const before = await hash()
  const reply = await owner.post(`/memberships/${id}/resend`, { data: {} })
  expect([reply.status, reply.body]).toEqual([202, undefined])
  expect(await hash()).not.toBe(before)
  const member = await aMember(service, owner, owner.roles.Member as string)
  expect((await owner.post(`/memberships/${member.membershipId}/resend`)).status).toBe(409)
})

test('members see by the base set, write nothing, and may leave', async () => {
  const member = await aMember(service, owner, owner.roles.Member as string)
  expect((await member.get('/memberships')).status).toBe(200)
  expect((await member.get('/versions')).status).toBe(403)
  expect((await member.post('/memberships', seat('z@example.com'))).status).toBe(403)
  const other = await aMember(service, owner, owner.roles.Member as string)
  expect((await member.delete(`/memberships/${other.membershipId}`)).status).toBe(403)
  expect((await member.delete(`/memberships/${member.membershipId}`)).status).toBe(204)
  expect((await member.get('/memberships')).status).toBe(403)
})

test('read-only reads everything and writes nothing', async () => {
  const reader = await aMember(service, owner, owner.roles['Read-only'] as string)
  for (const { name, definition } of service.parts.registry.resources.values()) {
    if (definition.singleton !== undefined) continue
    expect([name, (await reader.get(`/${name}`)).status]).toEqual([name, 200])
    if (definition.verbs.create === undefined || name === 'organizations') continue
    expect([name, (await reader.post(`/${name}`, { data: { type: name } })).status].slice(1)).not.toContain(201)
  }
  const path = `/organizations/${owner.organizationId}`
  expect((await reader.patch(path, change('organizations', owner.organizationId, { name: 'x' }))).status).toBe(403)
})

test('a role in use is locked unless another takes its place', async () => {
  const [old, next] = [await aRole('Old'), await aRole('Next')]
  const member = await aMember(service, owner, old)
  const locked = await owner.delete(`/roles/${old}`)
  expect([locked.status, locked.body.errors[0].code]).toEqual([423, 'LOCKED'])
  expect((await owner.delete(`/roles/${old}?reassign_to=${old}`)).status).toBe(422)
  expect((await owner.delete(`/roles/${old}`, { meta: { reassign_to: 7 } })).status).toBe(422)
  const moved = await owner.delete(`/roles/${old}`, { meta: { reassign_to: next } })
  expect([moved.status, moved.body.meta]).toEqual([
    200,
    { reassigned: { memberships: 1, api_credentials: 0, application_memberships: 0 } },
  ])
  const seatNow = await owner.get(`/memberships/${member.membershipId}?include=role`)
  expect(seatNow.body.data.relationships.role.data.id).toBe(next)
  expect((await owner.get(`/permissions?filter[q][role_id_eq]=${old}`)).body.meta.record_count).toBe(0)
  expect((await owner.delete(`/roles/${await aRole('Unused')}`)).status).toBe(204)
})

test('one permission a role and subject', async () => {
  const role = await aRole('P')
  const row = resource(
    'permissions',
    { subject: 'orders', can_create: true, can_read: true, can_update: false, can_destroy: false },
    { role: ['roles', role] },
  )
  const made = await owner.post('/permissions', row)
  expect(made.status).toBe(201)
  const again = await owner.post('/permissions', row)
  expect([again.status, again.body.errors[0].code, again.body.errors[0].source]).toEqual([
    409,
    'RECORD_NOT_UNIQUE',
    { pointer: '/data/attributes/subject' },
  ])
  expect((await owner.delete(`/permissions/${made.body.data.id}`)).status).toBe(204)
  const gone = await owner.patch(`/roles/${role}`, change('roles', role, { _add_missing_base_permissions: true }))
  expect(gone.status).toBe(200)
})

test('every change writes one version, with who, from and to, and the request id', async () => {
  const role = await aRole('Before')
  await owner.patch(`/roles/${role}`, change('roles', role, { name: 'After', metadata: { a: 1 } }))
  await owner.patch(`/roles/${role}`, change('roles', role, { name: 'After' }))
  const { body } = await owner.get(`/roles/${role}/versions?sort=created_at`)
  expect(body.data.map((one: Body) => one.attributes.event)).toEqual(['create', 'update'])
  const { changes, who, request_id } = body.data[1].attributes
  expect(changes).toEqual({ name: ['Before', 'After'], metadata: [{}, { a: 1 }] })
  expect(who).toEqual({
    application: { id: expect.any(String), kind: 'user', public: false },
    user: { id: owner.userId },
  })
  expect(request_id).toMatch(/^[A-Za-z0-9._-]+$/)
  await owner.delete(`/roles/${role}`)
  const all = await owner.get(`/versions?filter[q][resource_id_eq]=${role}&sort=-created_at`)
  expect(all.body.data[0].attributes.event).toBe('destroy')
  expect((await owner.patch(`/versions/${all.body.data[0].id}`, change('versions', all.body.data[0].id))).status).toBe(
    405,
  )
})

test('a change that fails leaves nothing behind, not even its version', async () => {
  const before = (await owner.get('/versions?page[size]=1')).body.meta.record_count
  expect((await owner.post('/memberships', seat('twice@example.com'))).status).toBe(201)
  expect((await owner.post('/memberships', seat('twice@example.com'))).status).toBe(409)
  expect((await owner.get('/versions?page[size]=1')).body.meta.record_count).toBe(before + 1)
  const mails = await service.db.knex('outbox').where({ organization_id: owner.organizationId })
  const pending = await service.db
    .knex('memberships')
    .where({ organization_id: owner.organizationId, status: 'pending' })
  expect(mails.length).toBeGreaterThanOrEqual(pending.length)
})

test('J24 two changes of different fields at once are both kept', async () => {
  const role = await aRole('Both')
  const patch = (attributes: Record<string, unknown>) =>
    owner.patch(`/roles/${role}`, change('roles', role, attributes))
  const replies = await Promise.all([
    patch({ reference: 'r' }),
    patch({ reference_origin: 'o' }),
    patch({ name: 'New' }),
  ])
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
  expect((await owner.get(`/roles/${role}`)).body.data.attributes).toMatchObject({
    reference: 'r',
    reference_origin: 'o',
    name: 'New',
  })
  const race = await Promise.all([patch({ name: 'X' }), owner.delete(`/roles/${role}`)])
  expect(race.every(({ status }) => status < 500)).toBe(true)
})
