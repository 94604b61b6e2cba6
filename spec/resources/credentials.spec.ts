import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anApplication, anOwner, type Body, change, type Owner, resource, tokenFor } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const make = (attributes: Record<string, unknown>, roleId?: string) => {
  const role: Record<string, [string, string]> = roleId === undefined ? {} : { role: ['roles', roleId] }
  const links = { organization: ['organizations', owner.organizationId] as [string, string], ...role }
  return owner.post('/api_credentials', resource('api_credentials', { name: 'App', ...attributes }, links))
}
const fault = (reply: Body) => [
  reply.status,
  reply.body.errors?.[0]?.source?.pointer,
  reply.body.errors?.[0]?.meta?.error,
]

test('the secret is shown once, in the answer that made it', async () => {
  const made = await make({ kind: 'integration' }, owner.roles.Admin)
  expect(made.body.data.attributes).toMatchObject({
    confidential: true,
    expires_in: 7200,
    mode: 'test',
    scopes: 'market:all',
  })
  expect(made.body.data.attributes.client_secret).toMatch(/^gh_sk_test_/)
  expect(made.body.data.attributes.client_id).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(made.body.data.attributes.created_by).toEqual({ type: 'users', id: owner.userId })
  const again = await owner.get(`/api_credentials/${made.body.data.id}`)
  expect(again.body.data.attributes.client_secret).toBeNull()
})

test('role and lifetime follow the kind', async () => {
  expect(fault(await make({ kind: 'integration' }))).toEqual([422, '/data/relationships/role', 'blank'])
  expect(fault(await make({ kind: 'sales_channel' }, owner.roles.Admin))).toEqual([
    422,
    '/data/relationships/role',
    'present',
  ])
  expect(fault(await make({ kind: 'webapp' }, owner.roles.Admin))).toEqual([422, '/data/relationships/role', 'present'])
  expect(fault(await make({ kind: 'dashboard' }))).toEqual([422, '/data/attributes/kind', 'inclusion'])
  expect(fault(await make({ kind: 'user' }))).toEqual([422, '/data/attributes/kind', 'inclusion'])
  expect(fault(await make({ kind: 'constructor' }))).toEqual([422, '/data/attributes/kind', 'inclusion'])
  for (const [expires_in, error] of [
    [7199, 'greater_than_or_equal_to'],
    [31_536_001, 'less_than_or_equal_to'],
  ] as const) {
    expect(fault(await make({ kind: 'sales_channel', expires_in }))).toEqual([
      422,
      '/data/attributes/expires_in',
      error,
    ])
  }
  const shop = (await make({ kind: 'sales_channel' })).body.data
  expect([shop.attributes.expires_in, shop.attributes.confidential]).toEqual([14_400, false])
  const longer = await owner.patch(
    `/api_credentials/${shop.id}`,
    change('api_credentials', shop.id, { expires_in: 86_400 }),
  )
  expect(longer.body.data.attributes.expires_in).toBe(86_400)
  const restored = await owner.patch(
    `/api_credentials/${shop.id}`,
    change('api_credentials', shop.id, { expires_in: null }),
  )
  expect(restored.body.data.attributes.expires_in).toBe(14_400)
  const promoted = change('api_credentials', shop.id, {}, { role: ['roles', owner.roles.Admin as string] })
  expect(fault(await owner.patch(`/api_credentials/${shop.id}`, promoted))).toEqual([
    422,
    '/data/relationships/role',
    'present',
  ])
})

test('R3 redirect addresses that could leak a code are refused', async () => {
  const bad = [
    'javascript:alert(1)',
    'data:text/html,x',
    'http://public.example/cb',
    'https://*.example/cb',
    'https://a.example/cb#x',
    'https://u:p@a.example/',
    '/cb',
    'https://a.example/c b',
  ]
  for (const redirect_uri of bad) {
    expect([redirect_uri, ...fault(await make({ kind: 'webapp', redirect_uri }))]).toEqual([
      redirect_uri,
      422,
      '/data/attributes/redirect_uri',
      'invalid',
    ])
  }
  for (const redirect_uri of ['https://a.example/cb?x=1', 'http://localhost:3000/cb', 'http://127.0.0.1/cb']) {
    expect((await make({ kind: 'webapp', redirect_uri })).status).toBe(201)
  }
})

test('a browser-only webapp has no secret and must use PKCE', async () => {
  const spa = await make({ kind: 'webapp', confidential: false, redirect_uri: 'https://a.example/cb' })
  expect([spa.body.data.attributes.confidential, spa.body.data.attributes.client_secret]).toEqual([false, null])
  expect(fault(await make({ kind: 'webapp', confidential: false, require_pkce: false }))).toEqual([
    422,
    '/data/attributes/require_pkce',
    'invalid',
  ])
  expect(fault(await make({ kind: 'integration', confidential: false }, owner.roles.Admin))).toEqual([
    422,
    '/data/attributes/confidential',
    'invalid',
  ])
})

test('J6 what the server decides is not taken from the body', async () => {
  for (const name of [
    'client_id',
    'client_secret',
    'created_by',
    'last_used_at',
    'disabled_at',
    'created_at',
    'organization_id',
    'id',
    'nonsense',
  ]) {
    const reply = await make({ kind: 'sales_channel', [name]: 'x' })
    expect([name, reply.status, reply.body.errors[0].source.pointer]).toEqual([name, 422, `/data/attributes/${name}`])
  }
})

test('T9 a credential that is disabled or deleted: its tokens are dead at once, and it gets no new ones', async () => {
  const first = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  await owner.patch(`/api_credentials/${first.id}`, change('api_credentials', first.id, { _disable: true }))
  expect((await first.get('/roles')).status).toBe(401)
  await expect(tokenFor(service, first)).rejects.toThrow('invalid_client')
  await owner.patch(`/api_credentials/${first.id}`, change('api_credentials', first.id, { _enable: true }))
  expect((await first.get('/roles')).status).toBe(401)
  expect(await tokenFor(service, first)).toBeTruthy()
  const second = await anApplication(service, owner, 'sales_channel')
  expect((await owner.delete(`/api_credentials/${second.id}`)).status).toBe(204)
  expect((await second.get('/organization')).status).toBe(401)
  expect((await owner.get(`/api_credentials/${second.id}`)).status).toBe(404)
})

test('T9 a role that is lowered and a permission that is taken count for tokens already issued', async () => {
  const role = (
    await owner.post(
      '/roles',
      resource('roles', { name: 'R' }, { organization: ['organizations', owner.organizationId] }),
    )
  ).body.data.id
  const machine = await anApplication(service, owner, 'integration', { roleId: role })
  expect((await machine.get('/memberships')).status).toBe(200)
  const [permission]: Body[] = (await owner.get(`/roles/${role}/permissions?filter[q][subject_eq]=memberships`)).body
    .data
  await owner.patch(`/permissions/${permission.id}`, change('permissions', permission.id, { can_read: false }))
  expect((await machine.get('/memberships')).status).toBe(403)
  const admin = change('api_credentials', machine.id, {}, { role: ['roles', owner.roles.Admin as string] })
  await owner.patch(`/api_credentials/${machine.id}`, admin)
  expect((await machine.get('/memberships')).status).toBe(200)
})

test('a test-mode machine touches test-mode credentials only', async () => {
  const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  const live = (await make({ kind: 'sales_channel', mode: 'live' })).body.data
  expect((await machine.get(`/api_credentials/${live.id}`)).status).toBe(404)
  const body = resource(
    'api_credentials',
    { name: 'x', kind: 'sales_channel', mode: 'live' },
    { organization: ['organizations', owner.organizationId] },
  )
  expect((await machine.post('/api_credentials', body)).status).toBe(403)
})
