import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type Api,
  aMember,
  anApplication,
  anOwner,
  api,
  call,
  change,
  type Owner,
  resource,
  tokenFor,
} from '../support/api.js'
import { contractAssertion, GRANT_TYPE } from '../support/assertions.js'
import { type Service, startService } from '../support/service.js'
import { ALL, aRole, make } from '../support/shop.js'
import { asWebapp } from '../support/webapp.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const inside = (): Record<string, [string, string]> => ({ organization: ['organizations', owner.organizationId] })
const admins = (): Record<string, [string, string]> => ({ ...inside(), role: ['roles', owner.roles.Admin as string] })

/** An application's token that names somebody who has proven nothing. */
async function naming(
  client: { clientId?: string; clientSecret?: string },
  userId: string,
  scope?: string,
): Promise<Api> {
  const assertion = await contractAssertion({ owner: { type: 'User', id: userId } })
  const form = {
    grant_type: GRANT_TYPE,
    client_id: client.clientId,
    client_secret: client.clientSecret,
    assertion,
    scope,
  }
  const headers = { 'content-type': 'application/json' }
  const { body } = await call(service, '/oauth/token', { method: 'POST', headers, body: JSON.stringify(form) })
  return api(service, body.access_token)
}

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString()

test('an application does not end a higher seat by naming its user', async () => {
  const role = await aRole(owner, 'Cleaner', 'memberships')
  const low = await anApplication(service, owner, 'integration', { roleId: role })
  const { membershipId, userId } = await aMember(service, owner, owner.roles.Admin as string)
  const named = await naming(low, userId)
  for (const by of [low, named]) expect((await by.delete(`/memberships/${membershipId}`)).status).toBe(403)
  const webapp = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://a.example/cb' } })
  const of = { api_credential: ['api_credentials', webapp.id], membership: ['memberships', membershipId] } as const
  await make(owner, 'application_memberships', { links: { ...of, role: ['roles', role] } as never })
  expect((await (await naming(webapp, userId)).delete(`/memberships/${membershipId}`)).status).toBe(403)
  expect((await owner.get(`/memberships/${membershipId}`)).status).toBe(200)
})

test('an application that names a user is bound by its own scopes, keys and end', async () => {
  const roleId = owner.roles.Admin as string
  const attributes = { scopes: 'market:code:usa', expires_at: inAnHour() }
  await make(owner, 'markets', { attributes: { name: 'USA', code: 'usa' }, links: inside() })
  const small = await anApplication(service, owner, 'integration', { roleId, attributes })
  const wide = await anApplication(service, owner, 'integration', { roleId })
  const ending = await anApplication(service, owner, 'integration', { roleId, attributes })
  const named = await naming(small, owner.userId)
  for (const by of [small, named]) {
    const all = resource('api_credentials', { name: 'all', kind: 'sales_channel', scopes: 'market:all' }, inside())
    expect((await by.post('/api_credentials', all)).status).toBe(403)
    const sibling = resource('api_credentials', { name: 'k', kind: 'integration', scopes: 'market:code:usa' }, admins())
    expect((await by.post('/api_credentials', sibling)).body.data.attributes.expires_at).toBe(attributes.expires_at)
    expect((await by.post(`/api_credentials/${wide.id}/rotate_secret`)).status).toBe(403)
    await by.patch(`/api_credentials/${ending.id}`, change('api_credentials', ending.id, { expires_at: null }))
    const { expires_at } = (await owner.get(`/api_credentials/${ending.id}`)).body.data.attributes
    expect(expires_at).toBe(attributes.expires_at)
  }
})

test('so is a webapp that names one', async () => {
  const scope = 'provisioning-api market:code:usa'
  const attributes = { redirect_uri: 'https://a.example/cb', scopes: scope, expires_at: inAnHour() }
  const webapp = await anApplication(service, owner, 'webapp', { attributes })
  const { userId } = await aMember(service, owner, owner.roles.Admin as string)
  const named = await naming(webapp, userId, scope)
  const made = await named.post(
    '/api_credentials',
    resource('api_credentials', { name: 'k', kind: 'integration' }, admins()),
  )
  expect(made.status).toBe(403)
})

test('what narrows somebody is not lifted by a machine that they make', async () => {
  const role = await aRole(owner, 'R', 'api_credentials', 'application_memberships')
  const person = await aMember(service, owner, role)
  const webapp = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://a.example/cb' } })
  const opening = await make(owner, 'application_memberships', {
    links: {
      api_credential: ['api_credentials', webapp.id],
      role: ['roles', await aRole(owner, 'N')],
      membership: ['memberships', person.membershipId],
    },
  })
  const machine = resource(
    'api_credentials',
    { name: 'k', kind: 'integration' },
    { ...inside(), role: ['roles', role] },
  )
  const { client_id, client_secret } = (await person.post('/api_credentials', machine)).body.data.attributes
  const made = api(service, await tokenFor(service, { clientId: client_id, clientSecret: client_secret }))
  for (const by of [person, made]) expect((await by.delete(`/application_memberships/${opening.id}`)).status).toBe(403)
})

test('the role that narrows a higher seat is not changed from below', async () => {
  const clerk = await aMember(
    service,
    owner,
    await aRole(owner, 'Clerk', 'permissions', 'roles', 'application_memberships', 'customers'),
  )
  const narrow = await aRole(owner, 'Narrow')
  const webapp = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://a.example/cb' } })
  const seat = (await owner.get('/memberships?filter[q][owner_true]=true')).body.data[0].id
  await make(owner, 'application_memberships', {
    links: {
      api_credential: ['api_credentials', webapp.id],
      role: ['roles', narrow],
      membership: ['memberships', seat],
    },
  })
  const wider = resource('permissions', { subject: 'customers', ...ALL }, { role: ['roles', narrow] })
  expect((await clerk.post('/permissions', wider)).status).toBe(403)
  const [row] = (await owner.get(`/roles/${narrow}/permissions?filter[q][subject_eq]=organizations`)).body.data
  expect((await clerk.delete(`/permissions/${row.id}`)).status).toBe(403)
  const add = change('roles', narrow, { _add_missing_base_permissions: true })
  expect((await clerk.patch(`/roles/${narrow}`, add)).status).toBe(403)
  const through = await asWebapp(service, { owner, application: webapp, userId: owner.userId })
  expect((await through.get('/customers')).status).toBe(403)
})
