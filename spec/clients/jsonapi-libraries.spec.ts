import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anOwner, type Body, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

// Three independent JSON:API clients read and write through the running service, with their defaults as far as the
// snake_case of our types allows.

const require = createRequire(import.meta.url)
const TYPE = 'application/vnd.api+json'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

test('jsona: what it parses it can serialize, and the service takes it', async () => {
  const { Jsona } = require('jsona')
  const jsona = new Jsona()
  const send = async (method: string, path: string, body?: unknown): Promise<Body> => {
    const headers = { authorization: `Bearer ${owner.token}`, accept: TYPE, 'content-type': TYPE }
    const reply = await fetch(`${service.url}/api${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return reply.status === 204 ? undefined : jsona.deserialize(await reply.json())
  }
  const organization = { type: 'organizations', id: owner.organizationId }
  const model = { type: 'roles', name: 'By jsona', organization, relationshipNames: ['organization'] }
  const made = await send(
    'POST',
    '/roles?include=organization,permissions',
    jsona.serialize({ stuff: model, includeNames: [] }),
  )
  expect([made.name, made.kind, made.organization.name, made.permissions.length]).toEqual([
    'By jsona',
    'custom',
    owner.organization.attributes.name,
    7,
  ])
  const changed = { type: 'roles', id: made.id, name: 'Again by jsona' }
  expect((await send('PATCH', `/roles/${made.id}`, jsona.serialize({ stuff: changed }))).name).toBe('Again by jsona')
  const found = await send('GET', '/roles?filter[q][name_cont]=jsona&sort=-created_at')
  expect(found.map((role: Body) => role.id)).toEqual([made.id])
  await send('DELETE', `/roles/${made.id}`)
  expect(await send('GET', '/roles?filter[q][name_cont]=jsona')).toEqual([])
})

test('kitsu', async () => {
  const { default: Kitsu } = await import('kitsu')
  const client: Body = new (Kitsu as Body)({
    baseURL: `${service.url}/api`,
    camelCaseTypes: false,
    pluralize: false,
    headers: { Authorization: `Bearer ${owner.token}` },
  })
  const organization = { data: { type: 'organizations', id: owner.organizationId } }
  const role = { data: { type: 'roles', id: owner.roles.Member } }
  const made = await client.create(
    'memberships',
    { user_email: 'kitsu@example.com', organization, role },
    { params: { include: 'role' } },
  )
  expect([made.data.status, made.data.role.data.name]).toEqual(['pending', 'Member'])
  const { data: seats, meta } = await client.get('memberships', {
    params: {
      filter: { q: { user_email_start: 'kitsu' } },
      page: { size: 5 },
      fields: { memberships: 'user_email,status' },
    },
  })
  expect([seats[0].user_email, meta.record_count, seats[0].owner]).toEqual(['kitsu@example.com', 1, undefined])
  const changed = await client.update('memberships', { id: made.data.id, access_scope: 'all_access' })
  expect(changed.data.test_enabled).toBe(true)
  await client.delete('memberships', made.data.id)
  await expect(client.get(`memberships/${made.data.id}`)).rejects.toMatchObject({
    errors: [{ code: 'RECORD_NOT_FOUND' }],
  })
})

test('devour-client', async () => {
  const JsonApi = require('devour-client').default ?? require('devour-client')
  const client: Body = new JsonApi({
    apiUrl: `${service.url}/api`,
    pluralize: false,
    bearer: owner.token,
    logger: false,
  })
  client.define('organizations', { name: '' })
  client.define('roles', { name: '', kind: '', organization: { jsonApi: 'hasOne', type: 'organizations' } })
  client.define('api_credentials', {
    name: '',
    kind: '',
    client_secret: '',
    mode: '',
    organization: { jsonApi: 'hasOne', type: 'organizations' },
    role: { jsonApi: 'hasOne', type: 'roles' },
  })
  const organization = { id: owner.organizationId }
  const made = await client.create('api_credentials', {
    name: 'By devour',
    kind: 'integration',
    organization,
    role: { id: owner.roles['Read-only'] },
  })
  expect(made.data.client_secret).toMatch(/^gh_sk_test_/)
  const found = await client.find('api_credentials', made.data.id, { include: 'role' })
  expect([found.data.role.name, found.data.client_secret]).toEqual(['Read-only', null])
  const listed = await client.findAll('api_credentials', {
    filter: { q: { kind_eq: 'integration' } },
    sort: '-created_at',
  })
  expect(listed.data.map((one: Body) => one.id)).toContain(made.data.id)
  expect((await client.update('api_credentials', { id: made.data.id, name: 'Renamed' })).data.name).toBe('Renamed')
  await client.destroy('api_credentials', made.data.id)
  await expect(client.find('api_credentials', made.data.id)).rejects.toBeDefined()
})
