import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aMember, anOwner, aPerson, type Body, call, change, type Owner, resource, tokenFor } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

const TYPE = 'application/vnd.api+json'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const send = (
  method: string,
  path: string,
  options: { body?: Body; headers?: Record<string, string>; token?: string },
) =>
  call(service, `/api${path}`, {
    method,
    headers: { authorization: `Bearer ${options.token ?? owner.token}`, 'content-type': TYPE, ...options.headers },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
const newRole = (name = 'Role') =>
  resource('roles', { name }, { organization: ['organizations', owner.organizationId] })

test('a change that means another state than the present one is refused with 412, and nothing is changed', async () => {
  const made = await owner.post('/roles', newRole())
  const { id } = made.body.data
  const first = made.headers.get('etag') ?? ''
  expect((await owner.get(`/roles/${id}?fields[roles]=name`)).headers.get('etag')).toBe(first)
  const patch = (tag: string, name: string) =>
    send('PATCH', `/roles/${id}`, { body: change('roles', id, { name }), headers: { 'if-match': tag } })
  const changed = await patch(first, 'Second')
  expect(changed.status).toBe(200)
  const second = changed.headers.get('etag') ?? ''
  expect(second).not.toBe(first)
  const late = await patch(first, 'Third')
  expect([late.status, late.body.errors[0].code, late.body.errors[0].source, late.headers.get('etag')]).toEqual([
    412,
    'PRECONDITION_FAILED',
    { header: 'If-Match' },
    second,
  ])
  expect((await patch(`W/${second}`, 'Weak')).status).toBe(412)
  expect((await patch(`"other", ${second}`, 'Listed')).status).toBe(200)
  expect((await patch('*', 'Any')).status).toBe(200)
  const gone = await send('DELETE', `/roles/${id}`, { headers: { 'if-match': second } })
  expect(gone.status).toBe(412)
  const present = (await owner.get(`/roles/${id}`)).headers.get('etag') ?? ''
  expect((await send('DELETE', `/roles/${id}`, { headers: { 'if-match': present } })).status).toBe(204)
})

test('of many changes to one state at once, one is made', async () => {
  const made = await owner.post('/roles', newRole())
  const { id } = made.body.data
  const headers = { 'if-match': made.headers.get('etag') ?? '' }
  const tries = Array.from({ length: 10 }, (_, n) =>
    send('PATCH', `/roles/${id}`, { body: change('roles', id, { name: `N${n}` }), headers }),
  )
  const statuses = (await Promise.all(tries)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 412)).toHaveLength(9)
})

test('F23 the same POST with the same Idempotency-Key is done once and answered alike, secret included', async () => {
  const body = resource(
    'api_credentials',
    { name: 'Once', kind: 'sales_channel' },
    { organization: ['organizations', owner.organizationId] },
  )
  const post = () => send('POST', '/api_credentials', { body, headers: { 'idempotency-key': 'key-1' } })
  const replies = [await post(), ...(await Promise.all([post(), post(), post()]))]
  expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1)
  expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201])
  expect(replies.map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true', 'true', 'true'])
  expect(replies[3]?.headers.get('location')).toBe(replies[0]?.headers.get('location'))
  const count = await owner.get('/api_credentials?filter[q][name_eq]=Once')
  expect(count.body.meta.record_count).toBe(1)
  const [kept] = await service.db.knex('idempotency_keys').where({ key: 'key-1' })
  expect(kept.answer).not.toContain(replies[0]?.body.data.attributes.client_secret)
})

test('F23 a key belongs to one request of one caller; a refusal uses none up', async () => {
  const headers = { 'idempotency-key': 'key-2' }
  expect((await send('POST', '/roles', { body: newRole(''), headers })).status).toBe(422)
  expect((await send('POST', '/roles', { body: newRole('Fine'), headers })).status).toBe(201)
  const other = await send('POST', '/roles', { body: newRole('Another'), headers })
  expect([other.status, other.body.errors[0].source]).toEqual([422, { header: 'Idempotency-Key' }])
  const stranger = await anOwner(service)
  const theirs = resource('roles', { name: 'Mine' }, { organization: ['organizations', stranger.organizationId] })
  expect((await send('POST', '/roles', { body: theirs, headers, token: stranger.token })).status).toBe(201)
  expect((await send('POST', '/roles', { body: newRole(), headers: { 'idempotency-key': 'a b' } })).status).toBe(400)
})

/** Does something with a key, as who has every right to it. */
const withKey = (key: string) => (path: string, options: { body?: Body; token: string; type?: string }) =>
  send('POST', path, { ...options, headers: { 'idempotency-key': key, 'content-type': options.type ?? TYPE } })
const newApplication = (organizationId: string, roleId: string) =>
  resource(
    'api_credentials',
    { name: 'Kept', kind: 'integration' },
    { organization: ['organizations', organizationId], role: ['roles', roleId] },
  )

test('F23 an answer that shows a secret is shown again to the same rights only', async () => {
  const admin = await aMember(service, owner, owner.roles.Admin as string)
  const { clientId, clientSecret, token, membershipId } = admin
  const body = newApplication(owner.organizationId, owner.roles.Admin as string)
  const made = await withKey('made')('/api_credentials', { body, token })
  const rotate = `/api_credentials/${made.body.data.id}/rotate_secret`
  const rotated = await withKey('rotated')(rotate, { token })
  const secrets = [made, rotated].map((reply) => reply.body.data.attributes.client_secret)
  const again = async (as: string) => [
    await withKey('made')('/api_credentials', { body, token: as }),
    await withKey('rotated')(rotate, { token: as }),
  ]
  const honest = await again(await tokenFor(service, { clientId, clientSecret }))
  expect(honest.map((reply) => reply.body.data.attributes.client_secret)).toEqual(secrets)

  const refused = async (as: string) =>
    (await again(as)).map(({ status, body: { errors } }) => [status, errors?.[0].code, errors?.[0].source])
  const other = Array(2).fill([403, 'FORBIDDEN', { header: 'Idempotency-Key' }])
  expect(await refused(await tokenFor(service, { clientId, clientSecret, scope: 'roles:read' }))).toEqual(other)
  const lowered = change('memberships', membershipId, {}, { role: ['roles', owner.roles['Read-only'] as string] })
  await owner.patch(`/memberships/${membershipId}`, lowered)
  await service.parts.revocations.refresh()
  expect(await refused(token)).toEqual(other)
  await owner.delete(`/memberships/${membershipId}`)
  await service.parts.revocations.refresh()
  expect(await refused(token)).toEqual(other)
})

test('F23 nothing of an organization that was deleted is shown again, nor what was kept without saying to whom', async () => {
  const boss = await anOwner(service)
  const body = newApplication(boss.organizationId, boss.roles.Admin as string)
  const again = () => withKey('boss')('/api_credentials', { body, token: boss.token })
  expect([(await again()).status, (await again()).status]).toEqual([201, 201])
  const answer = service.parts.secrets.seal(JSON.stringify({ status: 201, body: { data: null } }))
  const [kept] = await service.db.knex('idempotency_keys').where({ key: 'boss' })
  await service.db.knex('idempotency_keys').where({ key: 'boss' }).update({ answer })
  expect((await again()).status).toBe(403)
  await service.db.knex('idempotency_keys').where({ key: 'boss' }).update({ answer: kept.answer })
  expect((await again()).status).toBe(201)
  await boss.delete(`/organizations/${boss.organizationId}?confirm=${boss.organization.attributes.slug}`)
  await service.parts.revocations.refresh()
  expect((await again()).status).toBe(403)
})

test('F23 founding an organization, alone or with what is made in it, is done once and answered alike, also at once', async () => {
  const { token } = await aPerson(service)
  const type = `${TYPE}; ext="https://jsonapi.org/ext/atomic"`
  const role = { type: 'roles', attributes: { name: 'First' } }
  const organization = { data: { type: 'organizations', lid: 'o' } }
  const operations = [
    { op: 'add', data: { type: 'organizations', lid: 'o', attributes: { name: 'Founded' } } },
    { op: 'add', data: { ...role, relationships: { organization } } },
  ]
  const found = () =>
    withKey('alone')('/organizations', { body: resource('organizations', { name: 'Founded' }), token })
  const foundAll = () => withKey('all')('/operations', { body: { 'atomic:operations': operations }, token, type })
  for (const [work, status] of [[found, 201] as const, [foundAll, 200] as const]) {
    const replies = [...(await Promise.all([work(), work(), work()])), await work()]
    expect(replies.map((reply) => reply.status)).toEqual(Array(4).fill(status))
    expect(new Set(replies.map((reply) => JSON.stringify(reply.body))).size).toBe(1)
  }
})
