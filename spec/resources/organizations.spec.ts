import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  aMember,
  anApplication,
  anOwner,
  aPerson,
  type Body,
  call,
  change,
  type Owner,
  resource,
} from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { asWebapp } from '../support/webapp.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service, 'The Blue Brand')
})
afterAll(() => service.stop())

test('founding makes the owner, three roles, the base set and two built-in applications', async () => {
  const { body } = await owner.get(
    `/organizations/${owner.organizationId}?include=memberships.role,roles,permissions,api_credentials`,
  )
  const of = (type: string) => body.included.filter((one: { type: string }) => one.type === type)
  expect(
    of('roles')
      .map((one: Body) => [one.attributes.name, one.attributes.kind])
      .sort(),
  ).toEqual([
    ['Admin', 'admin'],
    ['Member', 'custom'],
    ['Read-only', 'read_only'],
  ])
  expect(of('memberships')).toHaveLength(1)
  expect(of('memberships')[0].attributes).toMatchObject({
    owner: true,
    status: 'active',
    user_email: owner.email,
    user_first_name: 'Ada',
  })
  expect(of('permissions')).toHaveLength(7)
  expect(
    of('api_credentials')
      .map((one: Body) => one.attributes.mode)
      .sort(),
  ).toEqual(['live', 'test'])
})

test('each kind of caller sees what it may and no more', async () => {
  const integration = await anApplication(service, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
  expect((await integration.get('/roles')).body.meta.record_count).toBe(3)
  const shop = await anApplication(service, owner, 'sales_channel')
  expect((await shop.get('/roles')).status).toBe(403)
  expect((await shop.get('/organization')).body.data.attributes.name).toBe('The Blue Brand')
  expect((await shop.get('/application')).body.data.attributes.kind).toBe('sales_channel')
  const member = await aMember(service, owner, owner.roles.Member as string)
  expect((await member.get('/memberships?include=role')).status).toBe(200)
  expect((await (await aPerson(service)).get('/roles')).status).toBe(403)
  expect((await owner.post('/roles', resource('roles', { name: '' }))).body.errors).toHaveLength(2)
})

describe.each(['primary_color', 'contrast_color'])('%s', (name) => {
  const paint = (color: unknown) =>
    owner.patch(
      `/organizations/${owner.organizationId}`,
      change('organizations', owner.organizationId, { [name]: color }),
    )
  const shown = async () =>
    (await owner.get(`/organizations/${owner.organizationId}`)).body.data.attributes[name] as unknown

  test('is # and six hex digits, kept as it is written, or nothing', async () => {
    for (const color of ['#6666FF', '#c8984e', null]) {
      const painted = await paint(color)
      expect([painted.status, painted.body.data?.attributes[name], await shown()]).toEqual([200, color, color])
    }
  })

  test('is refused where pages could not show it, with its name and the rule', async () => {
    const refusal = {
      code: 'VALIDATION_ERROR',
      title: 'is invalid (#rrggbb)',
      detail: `${name} - is invalid (#rrggbb)`,
      source: { pointer: `/data/attributes/${name}` },
      meta: { error: 'invalid' },
      status: '422',
    }
    await paint('#123456')
    for (const color of ['red', '#fff', '#12345g', '123456', '#1234567', '#123456;x', ' #123456', '#123456\n', '']) {
      const { status, body } = await paint(color)
      expect([color, status, body.errors]).toEqual([color, 422, [refusal]])
    }
    const founded = await owner.post('/organizations', resource('organizations', { name: 'Red', [name]: 'red' }))
    expect([founded.status, founded.body.errors]).toEqual([422, [refusal]])
    expect(await shown()).toBe('#123456')
  })

  test('that was stored before there was a rule is read as it stands, and other changes go on', async () => {
    await service.db
      .knex('organizations')
      .where({ id: owner.organizationId })
      .update({ [name]: 'red' })
    const named = change('organizations', owner.organizationId, { support_phone: '+39 055 0' })
    expect((await owner.patch(`/organizations/${owner.organizationId}`, named)).status).toBe(200)
    expect(await shown()).toBe('red')
    await paint(null)
  })
})

test('a webapp acts in its own organization only: it founds none for its user, by no scope and in no operation', async () => {
  const attributes = { redirect_uri: 'https://app.example/cb' }
  const application = await anApplication(service, owner, 'webapp', { attributes })
  const founding = resource('organizations', { name: 'Behind your back' })
  for (const scope of ['provisioning-api', 'market:all', 'organizations:create']) {
    const web = await asWebapp(service, { owner, application, userId: owner.userId, scope })
    const reply = await web.post('/organizations', founding)
    expect([scope, reply.status, reply.body.errors[0].detail]).toEqual([
      scope,
      403,
      expect.stringMatching(/only a person/),
    ])
    const type = 'application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"'
    const headers = { authorization: `Bearer ${web.token}`, 'content-type': type }
    const body = JSON.stringify({ 'atomic:operations': [{ op: 'add', ...founding }] })
    expect((await call(service, '/api/operations', { method: 'POST', headers, body })).status).toBe(403)
    const restore = await web.post(`/organizations/${owner.organizationId}/restore`)
    expect([restore.status, restore.body.errors[0].detail]).toEqual([403, 'Only a person may restore an organization.'])
  }
  expect((await owner.get('/organizations')).body.meta.record_count).toBe(1)
  expect((await owner.post('/organizations', founding)).status).toBe(201)
})
