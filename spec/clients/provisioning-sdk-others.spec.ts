import type { Organization } from '@commercelayer/provisioning-sdk'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Person } from '../support/api.js'
import {
  aDeveloper,
  CommerceLayerProvisioning,
  jsAuthToken,
  refusalOf,
  type Sdk,
  sdkFor,
} from '../support/official-clients.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

// The other resources, and how the SDK meets refusals.

let tls: TlsService
let person: Person
let sdk: Sdk
let organization: Organization

beforeAll(async () => {
  tls = await startTlsService()
  ;({ person, sdk } = await aDeveloper(tls))
  organization = await sdk.organizations.create({ name: 'The Red Brand' })
})
afterAll(() => tls.stop())

test('api_credentials: create shows the secret once; retrieve, update, list, relationships, delete', async () => {
  const inside = sdk.organizations.relationship(organization)
  const [admin] = await sdk.organizations.roles(organization.id, { filters: { kind_eq: 'admin' } })
  const role = sdk.roles.relationship(admin?.id ?? '')
  const made = await sdk.api_credentials.create({ name: 'Back end', kind: 'integration', organization: inside, role })
  expect(made).toMatchObject({ kind: 'integration', confidential: true, expires_in: 7200, mode: 'test' })
  expect(made.client_secret).toMatch(/^gh_sk_test_/)
  const again = await sdk.api_credentials.retrieve(made.id, { include: ['role', 'organization'] })
  expect(again).toMatchObject({ client_id: made.client_id, client_secret: null, role: { kind: 'admin' } })
  const changed = await sdk.api_credentials.update({ id: made.id, name: 'Worker', expires_in: 86_400 })
  expect(changed).toMatchObject({ name: 'Worker', expires_in: 86_400, client_secret: null })
  const found = await sdk.api_credentials.list({
    filters: { kind_in: ['integration', 'webapp'], confidential_true: true, expires_in_gteq: 86_400 },
    fields: { api_credentials: ['name', 'client_id', 'role'], roles: ['name'] },
    include: ['role'],
    sort: ['mode', '-updated_at'],
  })
  expect(Array.from(found, ({ name, client_id, role: of }) => [name, client_id, of?.name])).toEqual([
    ['Worker', made.client_id, 'Admin'],
  ])
  expect((await sdk.api_credentials.role(made.id)).kind).toBe('admin')
  expect((await sdk.api_credentials.organization(made.id)).id).toBe(organization.id)
  await sdk.api_credentials.delete(made.id)
  expect((await refusalOf(sdk.api_credentials.retrieve(made.id))).status).toBe(404)
})

test('a sales channel has no role: the related getter gives null', async () => {
  const inside = sdk.organizations.relationship(organization)
  const made = await sdk.api_credentials.create({ name: 'Shop', kind: 'sales_channel', organization: inside })
  expect(await sdk.api_credentials.role(made.id)).toBeNull()
  expect((await sdk.api_credentials.retrieve(made.id, { include: ['role'] })).role).toBeNull()
})

test('user: retrieve and update without an id', async () => {
  const me = await sdk.user.retrieve()
  expect(me).toMatchObject({ id: person.userId, type: 'users', email: person.email, first_name: 'Ada' })
  const changed = await sdk.user.update({ first_name: 'Augusta', time_zone: 'UTC', metadata: { shirt: 'L' } })
  expect(changed).toMatchObject({
    first_name: 'Augusta',
    last_name: 'Byron',
    time_zone: 'UTC',
    metadata: { shirt: 'L' },
  })
  expect(await sdk.user.retrieve({ fields: ['first_name'] })).toEqual({
    id: person.userId,
    type: 'users',
    first_name: 'Augusta',
  })
})

test('versions: list, retrieve, count; nobody rewrites history', async () => {
  await sdk.organizations.update({ id: organization.id, name: 'The Dark Red Brand' })
  const [version, ...rest] = await sdk.versions.list({
    filters: { resource_type_eq: 'organizations', resource_id_eq: organization.id, event_eq: 'update' },
  })
  expect(rest).toEqual([])
  expect(version).toMatchObject({
    changes: { name: ['The Red Brand', 'The Dark Red Brand'] },
    who: { application: { kind: 'user', public: false }, user: { id: person.userId } },
  })
  const id = version?.id ?? ''
  expect((await sdk.versions.retrieve(id)).event).toBe('update')
  expect(await sdk.versions.count({ resource_id_eq: organization.id })).toBe(2)
  expect([404, 405]).toContain((await refusalOf(sdk.versions.update({ id, reference: 'x' }))).status)
})

test('an unknown id is an ApiError with status 404', async () => {
  const { status, errors } = await refusalOf(sdk.roles.retrieve('AAAAAAAAAA'))
  expect([status, errors[0]?.code, errors[0]?.status]).toEqual([404, 'RECORD_NOT_FOUND', '404'])
})

test('a token that is none is an ApiError with status 401 and INVALID_TOKEN', async () => {
  const { status, errors } = await refusalOf(sdkFor(tls, 'not-a-token').user.retrieve())
  expect([status, errors[0]?.code]).toEqual([401, 'INVALID_TOKEN'])
})

test('a wrong filter, sort, include, field: an ApiError with status 400 that names the parameter', async () => {
  const parameters = await Promise.all(
    [
      sdk.roles.list({ filters: { shoe_size_eq: 42 } }),
      sdk.roles.list({ sort: ['shoe_size'] as never }),
      sdk.roles.list({ include: ['shoes'] }),
      sdk.roles.list({ fields: { roles: ['shoe_size'] } as never }),
      sdk.roles.list({ pageSize: 101 as never }),
    ].map(async (call) => {
      const { status, errors } = await refusalOf(call)
      return [status, errors[0]?.source?.parameter]
    }),
  )
  expect(parameters).toEqual([
    [400, 'filter[q][shoe_size_eq]'],
    [400, 'sort'],
    [400, 'include'],
    [400, 'fields[roles]'],
    [400, 'page[size]'],
  ])
})

test('an expired token is refreshed by the SDK itself, and the call succeeds', async () => {
  const { keys } = tls.service.parts
  const fresh = await jsAuthToken(tls, { clientId: person.clientId, clientSecret: person.clientSecret })
  const [header, payload = ''] = fresh.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const past = Buffer.from(JSON.stringify({ ...claims, exp: claims.iat - 1 })).toString('base64url')
  const input = `${header}.${past}`
  const expired = `${input}.${await keys.signingKey(new Date()).sign(input)}`
  let asked = 0
  const client = CommerceLayerProvisioning({
    accessToken: expired,
    domain: tls.domain,
    refreshToken: async (old) => {
      asked += old === expired ? 1 : 0
      return fresh
    },
  })
  expect((await client.user.retrieve()).id).toBe(person.userId)
  expect([asked, client.currentAccessToken]).toEqual([1, fresh])
})

test('the example of its README: a role without name and organization', async () => {
  const { status, errors } = await refusalOf(sdk.roles.create({ name: '' } as never))
  expect(status).toBe(422)
  expect(errors).toEqual([
    {
      title: "can't be blank",
      detail: "name - can't be blank",
      code: 'VALIDATION_ERROR',
      source: { pointer: '/data/attributes/name' },
      status: '422',
      meta: { error: 'blank' },
    },
    {
      title: "can't be blank",
      detail: "organization - can't be blank",
      code: 'VALIDATION_ERROR',
      source: { pointer: '/data/relationships/organization' },
      status: '422',
      meta: { error: 'blank' },
    },
  ])
  const emptyId = sdk.roles.create({ name: '', organization: sdk.organizations.relationship('') })
  expect((await refusalOf(emptyId)).errors.map(({ source }) => source?.pointer)).toEqual([
    '/data/attributes/name',
    '/data/relationships/organization',
  ])
})
