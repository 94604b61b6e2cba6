import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { type Api, aMember, anApplication, anOwner, type Body, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { aShop, make, type Shop } from '../support/shop.js'
import { asWebapp } from '../support/webapp.js'

// DECISIONS 3: what somebody may not read where it stands, they do not read in the history either.

let service: Service
let owner: Owner
let shop: Shop
let customer: Body
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  shop = await aShop(owner)
  customer = await make(owner, 'customers', { attributes: { email: 'shopper@example.com' } })
})
afterAll(() => service.stop())

const versionsOf = async (by: Pick<Api, 'get'>, search = ''): Promise<Body[]> =>
  (await by.get(`/versions?page[size]=100${search}`)).body.data
const typesFor = async (by: Pick<Api, 'get'>): Promise<string[]> => {
  const { data, meta } = (await by.get('/versions?page[size]=100')).body
  expect(meta.record_count).toBe(data.length)
  return [...new Set<string>(data.map(({ attributes }: Body) => attributes.resource_type))].sort()
}

/** A role that reads these subjects and nothing else. */
async function aReader(...subjects: string[]): Promise<string> {
  const role = await make(owner, 'roles', { attributes: { name: newId() } })
  for (const { id } of (await owner.get(`/roles/${role.id}/permissions?page[size]=100`)).body.data) {
    expect((await owner.delete(`/permissions/${id}`)).status).toBe(204)
  }
  const flags = { can_create: false, can_read: true, can_update: false, can_destroy: false }
  for (const subject of subjects) {
    const body = resource('permissions', { subject, ...flags }, { role: ['roles', role.id] })
    expect((await owner.post('/permissions', body)).status).toBe(201)
  }
  return role.id
}

test('a role that reads versions reads those of what it reads', async () => {
  const reader = await aMember(service, owner, await aReader('versions', 'markets'))
  const everything = await aMember(service, owner, owner.roles['Read-only'] as string)
  expect(await typesFor(reader)).toEqual(['markets'])
  expect(await typesFor(everything)).toEqual(await typesFor(owner))
  const [ofCustomer] = await versionsOf(owner, `&filter[q][resource_id_eq]=${customer.id}`)
  const [ofMarket] = await versionsOf(owner, `&filter[q][resource_id_eq]=${shop.usa.id}`)
  const one = async (by: Api, version: Body) => (await by.get(`/versions/${version.id}`)).status
  expect([await one(reader, ofCustomer), await one(reader, ofMarket), await one(everything, ofCustomer)]).toEqual([
    404, 200, 200,
  ])
  expect(await versionsOf(reader, '&filter[q][resource_type_eq]=customers')).toEqual([])
})

test('each organization has its own rule', async () => {
  const reader = await aMember(service, owner, await aReader('versions', 'stores'))
  const own = (await reader.post('/organizations', resource('organizations', { name: newId() }))).body.data.id
  const found = await versionsOf(reader, '&include=organization')
  // Who may not read an organization is not told its id.
  const where = (id: string | undefined): string[] => [
    ...new Set<string>(
      found
        .filter(({ relationships }) => relationships.organization.data?.id === id)
        .map(({ attributes }) => attributes.resource_type),
    ),
  ]
  expect(where(undefined)).toEqual(['stores'])
  expect(where(own)).toEqual(expect.arrayContaining(['organizations', 'roles', 'memberships']))
})

test('a scope that narrows a token narrows the history', async () => {
  const types = async (scope: string) => typesFor(await aMember(service, owner, owner.roles.Admin as string, scope))
  expect(await types('versions:read roles:read')).toEqual(['roles'])
  expect(await types('versions:read')).toEqual([])
  expect(await types('*:read')).toEqual(await typesFor(owner))
})

test('a machine of the test mode does not read of live applications and their secrets', async () => {
  const live = await anApplication(service, owner, 'integration', {
    roleId: owner.roles.Admin as string,
    attributes: { mode: 'live' },
  })
  const tests = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  expect(await versionsOf(owner, `&filter[q][resource_id_eq]=${live.id}`)).toHaveLength(1)
  expect(await versionsOf(tests, `&filter[q][resource_id_eq]=${live.id}`)).toEqual([])
  const types = await typesFor(tests)
  expect(types).toEqual((await typesFor(live)).filter((type) => !type.startsWith('api_credential')))
})

test('a seat that sees some rows only does not read of the others', async () => {
  const application = await anApplication(service, owner, 'webapp', {
    attributes: { redirect_uri: 'https://app.example.com/callback' },
  })
  const { membershipId, userId } = await aMember(service, owner, owner.roles.Admin as string)
  await make(owner, 'application_memberships', {
    attributes: { filters: { market_id_in: [shop.usa.id] } },
    links: {
      api_credential: ['api_credentials', application.id],
      role: ['roles', owner.roles.Admin as string],
      membership: ['memberships', membershipId],
    },
  })
  const web = await asWebapp(service, { owner, application, userId })
  expect((await web.get(`/markets/${shop.eu.id}`)).status).toBe(404)
  expect(await versionsOf(web, `&filter[q][resource_id_eq]=${shop.eu.id}`)).toEqual([])
  expect(await typesFor(web)).toEqual(
    (await typesFor(owner)).filter((type) => type !== 'markets' && type !== 'stores' && !type.startsWith('api_cred')),
  )
})
