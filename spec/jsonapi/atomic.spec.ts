import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anOwner, type Body, call, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

const EXTENDED = 'application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const operate = (operations: unknown, headers: Record<string, string> = {}) =>
  call(service, '/api/operations', {
    method: 'POST',
    headers: { authorization: `Bearer ${owner.token}`, 'content-type': EXTENDED, accept: EXTENDED, ...headers },
    body: JSON.stringify({ 'atomic:operations': operations }),
  })
const identifier = (type: string, id: string) => ({ data: { type, id } })
const inside = () => ({ organization: identifier('organizations', owner.organizationId) })

test('JA-35 operations are done in order, with local ids, and answered in the extension’s media type', async () => {
  const flags = { can_create: true, can_read: true, can_update: false, can_destroy: false }
  const reply = await operate([
    { op: 'add', data: { type: 'roles', lid: 'r', attributes: { name: 'Packer' }, relationships: inside() } },
    {
      op: 'add',
      data: {
        type: 'permissions',
        attributes: { subject: 'parcels', ...flags },
        relationships: { role: { data: { type: 'roles', lid: 'r' } } },
      },
    },
    {
      op: 'add',
      href: '/roles',
      data: { type: 'roles', lid: 's', attributes: { name: 'Other' }, relationships: inside() },
    },
    {
      op: 'update',
      ref: { type: 'roles', lid: 'r' },
      data: { type: 'roles', lid: 'r', attributes: { name: 'Shipper' } },
    },
    { op: 'remove', ref: { type: 'roles', lid: 's' } },
  ])
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, EXTENDED])
  const results: Body[] = reply.body['atomic:results']
  expect(results).toHaveLength(5)
  expect(results[3].data.attributes.name).toBe('Shipper')
  expect(results[4]).toEqual({})
  const role = await owner.get(`/roles/${results[0].data.id}?include=permissions`)
  expect(role.body.included.map((one: Body) => one.attributes.subject)).toContain('parcels')
  expect((await owner.get(`/roles/${results[2].data.id}`)).status).toBe(404)
})

test('JA-35 all or nothing: the error names the operation', async () => {
  const before = (await owner.get('/roles?page[size]=1')).body.meta.record_count
  const reply = await operate([
    { op: 'add', data: { type: 'roles', attributes: { name: 'One' }, relationships: inside() } },
    { op: 'add', data: { type: 'roles', attributes: { name: '' }, relationships: inside() } },
  ])
  expect([reply.status, reply.body.errors[0].source]).toEqual([
    422,
    { pointer: '/atomic:operations/1/data/attributes/name' },
  ])
  expect((await owner.get('/roles?page[size]=1')).body.meta.record_count).toBe(before)
})

test('JA-35 an organization and what is in it, in one request', async () => {
  const reply = await operate([
    { op: 'add', data: { type: 'organizations', lid: 'o', attributes: { name: 'In One Go' } } },
    {
      op: 'add',
      data: {
        type: 'roles',
        attributes: { name: 'First' },
        relationships: { organization: { data: { type: 'organizations', lid: 'o' } } },
      },
    },
  ])
  expect(reply.status).toBe(200)
  const [organization, role] = reply.body['atomic:results']
  expect((await owner.get(`/roles/${role.data.id}?include=organization`)).body.included[0].id).toBe(
    organization.data.id,
  )
})

test('JA-35 linkage of a to-one relationship is replaced; other linkage is refused', async () => {
  const body = {
    type: 'api_credentials',
    lid: 'a',
    attributes: { name: 'x', kind: 'integration' },
    relationships: { ...inside(), role: identifier('roles', owner.roles.Member as string) },
  }
  const ref = { type: 'api_credentials', lid: 'a', relationship: 'role' }
  const data = { type: 'roles', id: owner.roles['Read-only'] }
  const reply = await operate([
    { op: 'add', data: body },
    { op: 'update', ref, data },
  ])
  expect(reply.body['atomic:results'][1].data).toEqual(data)
  const refused = await operate([
    { op: 'add', ref: { type: 'roles', id: owner.roles.Admin, relationship: 'memberships' }, data: [] },
  ])
  expect(refused.status).toBe(403)
})

test('JA-35 the extension is offered only where it is named, and only there', async () => {
  expect((await operate([], { 'content-type': 'application/vnd.api+json' })).status).toBe(415)
  const elsewhere = await call(service, '/api/roles', {
    method: 'POST',
    headers: { authorization: `Bearer ${owner.token}`, 'content-type': EXTENDED },
    body: '{"data":{"type":"roles"}}',
  })
  expect(elsewhere.status).toBe(415)
  expect((await owner.get('/operations')).status).toBe(405)
})

test('a hundred operations are fine, one more is not', async () => {
  const many = (count: number) =>
    operate(
      Array.from({ length: count }, (_, index) => {
        return {
          op: 'add',
          data: { type: 'roles', attributes: { name: `${count} ${index}` }, relationships: inside() },
        }
      }),
    )
  expect((await many(100)).status).toBe(200)
  const { status, body } = await many(101)
  expect([status, body.errors[0].detail]).toEqual([400, 'There must be 1 to 100 operations.'])
})

test('malformed operations are refused', async () => {
  const bad: unknown[] = [
    [],
    {},
    'x',
    [1],
    Array(101).fill({ op: 'add', data: { type: 'roles' } }),
    [{ op: 'add' }],
    [{ op: 'fly', ref: { type: 'roles', id: 'x' } }],
    [{ op: 'add', data: { type: 'user' } }],
    [{ op: 'update', ref: { type: 'roles', lid: 'never' }, data: {} }],
    [{ op: 'add', href: '/__proto__/x/y/z', data: {} }],
  ]
  for (const operations of bad) {
    const { status } = await operate(operations)
    expect([JSON.stringify(operations).slice(0, 60), status >= 400 && status < 500]).toEqual([
      JSON.stringify(operations).slice(0, 60),
      true,
    ])
  }
})
