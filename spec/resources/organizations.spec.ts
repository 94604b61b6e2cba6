import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aMember, anApplication, anOwner, aPerson, type Body, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

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
