import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anApplication, anOwner, api, type Body, change, type Owner, resource, tokenFor } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { asWebapp } from '../support/webapp.js'

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
  const refused = await machine.post('/api_credentials', body)
  expect([refused.status, refused.body.errors]).toEqual([
    403,
    [
      expect.objectContaining({
        code: 'FORBIDDEN',
        detail:
          'Your token is one of the test mode, which makes test applications only: send mode "test" or none, or use the ' +
          'token of a live application or of your personal credential.',
        source: { pointer: '/data/attributes/mode' },
      }),
    ],
  ])
  const { mode: _mode, ...unsaid } = body.data.attributes
  const made = await machine.post('/api_credentials', { data: { ...body.data, attributes: unsaid } })
  expect([made.status, made.body.data.attributes.mode]).toEqual([201, 'test'])
  expect((await owner.post('/api_credentials', body)).status).toBe(201)
})

test('who may make nothing there is told nothing of modes', async () => {
  const reader = await anApplication(service, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
  const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  const stranger = await anOwner(service)
  const post = (by: typeof reader, organizationId: string) => {
    const links = { organization: ['organizations', organizationId] as [string, string] }
    return by.post(
      '/api_credentials',
      resource('api_credentials', { name: 'x', kind: 'sales_channel', mode: 'live' }, links),
    )
  }
  const refused = await post(reader, owner.organizationId)
  expect([refused.status, refused.body.errors[0].detail]).toEqual([403, 'You may not create api_credentials here.'])
  const [theirs, nobodys] = [await post(machine, stranger.organizationId), await post(machine, 'AAAAAAAAAA')]
  expect(theirs.status).toBe(404)
  expect(theirs.body).toEqual(nobodys.body)
})

test('F11 T9 a token made by an instance whose clock is 55 s ahead dies with its credential', async () => {
  const app = await anApplication(service, owner, 'sales_channel')
  const ahead = await startService({ db: service.db, clock: () => new Date(Date.now() + 55_000) })
  const token = await tokenFor(ahead, { clientId: app.clientId })
  await ahead.stop()
  expect((await api(service, token).get('/organization')).status).toBe(200)
  await owner.delete(`/api_credentials/${app.id}`)
  expect((await api(service, token).get('/organization')).status).toBe(401)
})

test('F11 T9 such a token is refused while its credential is disabled', async () => {
  for (const [kind, roleId] of [['sales_channel'], ['integration', owner.roles.Admin as string]] as const) {
    const app = await anApplication(service, owner, kind, roleId === undefined ? {} : { roleId })
    const ahead = await startService({ db: service.db, clock: () => new Date(Date.now() + 55_000) })
    const token = await tokenFor(ahead, app)
    await ahead.stop()
    await owner.patch(`/api_credentials/${app.id}`, change('api_credentials', app.id, { _disable: true }))
    const reply = await api(service, token).get('/organization')
    expect([kind, reply.status, reply.headers.get('www-authenticate')]).toEqual([
      kind,
      401,
      'Bearer realm="gatehouse", error="invalid_token"',
    ])
  }
})

test('the registered scopes of a credential bind its tokens', async () => {
  const { client_id: clientId, client_secret: clientSecret } = (
    await make({ kind: 'integration', scopes: 'roles:read' }, owner.roles.Admin)
  ).body.data.attributes
  const client = { clientId, clientSecret }
  await expect(tokenFor(service, { ...client, scope: 'memberships:manage' })).rejects.toThrow('scope')
  await expect(tokenFor(service, { ...client, scope: 'provisioning-api' })).rejects.toThrow('invalid_scope')
  const machine = api(service, await tokenFor(service, client))
  expect((await machine.get('/roles')).status).toBe(200)
  expect((await machine.get('/memberships')).status).toBe(403)
})

test.each(['*:update', '*:manage', 'market:read', 'roles:eat', 'Roles:read', 'store:12', ''])(
  'scopes that the evaluator would ignore are refused: %p',
  async (scopes) => {
    expect(fault(await make({ kind: 'integration', scopes }, owner.roles.Admin)).slice(0, 2)).toEqual([
      422,
      '/data/attributes/scopes',
    ])
  },
)

test('a sales channel is registered for scope targets only', async () => {
  for (const scopes of ['provisioning-api roles:manage', 'market:all roles:read', '*:read', 'metrics-api']) {
    expect(fault(await make({ kind: 'sales_channel', scopes }))).toEqual([422, '/data/attributes/scopes', 'invalid'])
  }
  const made = await make({
    kind: 'sales_channel',
    scopes: 'market:code:usa store:all stock_location:id:abc market:12',
  })
  expect(made.status).toBe(201)
  const wider = change('api_credentials', made.body.data.id, { scopes: 'market:all roles:manage' })
  expect((await owner.patch(`/api_credentials/${made.body.data.id}`, wider)).status).toBe(422)
})

test('the tokens of an application end when it is made to expire', async () => {
  for (const [kind, roleId] of [['sales_channel'], ['integration', owner.roles.Admin as string]] as const) {
    const app = await anApplication(service, owner, kind, roleId === undefined ? {} : { roleId })
    const past = change('api_credentials', app.id, { expires_at: '2020-01-01T00:00:00Z' })
    expect((await owner.patch(`/api_credentials/${app.id}`, past)).status).toBe(200)
    expect((await app.get('/organization')).status).toBe(401)
    await owner.patch(`/api_credentials/${app.id}`, change('api_credentials', app.id, { expires_at: null }))
    expect((await app.get('/organization')).status).toBe(401)
  }
})

test('a token that was made to live longer than its application now does ends with it', async () => {
  let ahead = 0
  const later = await startService({ db: service.db, clock: () => new Date(Date.now() + ahead) })
  for (const [kind, roleId] of [['sales_channel'], ['integration', owner.roles.Admin as string]] as const) {
    ahead = 0
    const app = await anApplication(later, owner, kind, roleId === undefined ? {} : { roleId })
    const soon = new Date(Date.now() + 120_000).toISOString()
    await owner.patch(`/api_credentials/${app.id}`, change('api_credentials', app.id, { expires_at: soon }))
    expect((await app.get('/organization')).status).toBe(200)
    ahead = 119_000
    expect((await app.get('/organization')).status).toBe(200)
    ahead = 121_000
    expect([kind, (await app.get('/organization')).status]).toEqual([kind, 401])
  }
  ahead = 0
  const expires_at = new Date(Date.now() + 120_000).toISOString()
  const attributes = { redirect_uri: 'https://app.example/cb', expires_at }
  const application = await anApplication(later, owner, 'webapp', { attributes })
  const web = await asWebapp(later, { owner, application, userId: owner.userId })
  ahead = 119_000
  expect((await web.get('/roles')).status).toBe(200)
  ahead = 121_000
  // Not 401: the token is a person's, who has no right left through it.
  expect((await web.get('/roles')).status).toBe(403)
  await later.stop()
})
