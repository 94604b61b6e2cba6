import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anApplication, anOwner, type Body, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { examine } from './exam.js'

let service: Service
let owner: Owner

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const get = async (path: string): Promise<Body> => {
  const { status, body } = await owner.get(path)
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
  examine(body)
  return body
}

/** How many of each type are included. */
const counts = (body: Body): Record<string, number> => {
  const found: Record<string, number> = {}
  for (const { type } of body.included) found[type] = (found[type] ?? 0) + 1
  return found
}

describe('JA-16 include', () => {
  test('brings what was asked for and nothing else', async () => {
    const body = await get(`/roles/${owner.roles.Member}?include=permissions,organization`)
    expect(counts(body)).toEqual({ permissions: 7, organizations: 1 })
    const { permissions, organization, memberships } = body.data.relationships
    expect(permissions.data).toHaveLength(7)
    expect(organization.data).toEqual({ type: 'organizations', id: owner.organizationId })
    expect(memberships).not.toHaveProperty('data')
  })

  test('is there even if empty', async () => {
    const body = await get(`/roles/${owner.roles.Admin}?include=permissions`)
    expect([body.included, body.data.relationships.permissions.data]).toEqual([[], []])
    expect((await get('/roles?filter[q][name_eq]=nobody&include=permissions')).included).toEqual([])
  })

  test('sent empty brings nothing; not sent, there is no such member', async () => {
    const [empty, without] = [await get('/roles?include='), await get('/roles')]
    expect(empty.included).toEqual([])
    expect(without).not.toHaveProperty('included')
    for (const { relationships } of [...empty.data, ...without.data]) {
      for (const one of Object.values<Body>(relationships)) expect(one).not.toHaveProperty('data')
    }
  })

  test('nests: what stands between is included as well', async () => {
    const body = await get(`/organizations/${owner.organizationId}?include=memberships.role.permissions`)
    expect(counts(body)).toEqual({ memberships: 1, roles: 1 })
    const deep = await get('/permissions?page[size]=100&include=role.organization.api_credentials')
    expect(counts(deep)).toMatchObject({ roles: 1, organizations: 1, api_credentials: 2 })
  })

  test('JA-11 goes in circles without repeating anything', async () => {
    const body = await get(
      `/roles?page[size]=100&include=organization.roles.organization,organization.roles.permissions`,
    )
    expect(counts(body)).toEqual({ organizations: 1, permissions: 7 })
    const [organization] = body.included.filter(({ type }: Body) => type === 'organizations')
    expect(organization.relationships.roles.data).toHaveLength(3)
    // A primary resource that is also included has its linkage, and stands there once.
    const member = body.data.find(({ id }: Body) => id === owner.roles.Member)
    expect(member.relationships.permissions.data).toHaveLength(7)
  })

  test('JA-11 linkage is whole although the key of the link is not among the fields', async () => {
    const query = 'page[size]=100&include=organization.roles.versions&fields[versions]=event,organization'
    const body = await get(`/versions?filter[q][resource_type_eq]=roles&${query}`)
    const roles = body.included.filter(({ type }: Body) => type === 'roles')
    expect(roles).toHaveLength(3)
    for (const role of roles) expect(role.relationships.versions.data).toHaveLength(1)
  })

  test('works on related endpoints and on the answer of a write', async () => {
    const related = await get(`/organizations/${owner.organizationId}/roles?include=permissions,organization`)
    expect(counts(related)).toEqual({ permissions: 7, organizations: 1 })
    const { body } = await owner.patch(`/roles/${owner.roles.Member}?include=permissions`, {
      data: { type: 'roles', id: owner.roles.Member, attributes: { reference: newId() } },
    })
    expect(counts(body)).toEqual({ permissions: 7 })
  })

  test.each([
    ['an unknown name', 'shoes'],
    ['an attribute', 'name'],
    ['an unknown name below a known one', 'permissions.shoes'],
    ['a name twice dotted', 'permissions..role'],
    ['a trailing comma', 'permissions,'],
    ['a space', 'permissions, organization'],
    ['another spelling', 'Permissions'],
    ['J15 four steps', 'organization.roles.permissions.role'],
    ['J15 twenty-one paths', Array.from({ length: 21 }, () => 'permissions').join(',')],
  ])('%s is refused', async (_what, include) => {
    const { status, body } = await owner.get(`/roles?include=${include}`)
    expect([status, body.errors[0].code, body.errors[0].source]).toEqual([
      400,
      'INVALID_INCLUDE',
      { parameter: 'include' },
    ])
  })

  test('where there is nothing to include it is refused', async () => {
    const { Admin } = owner.roles
    for (const path of [`/roles/${Admin}/relationships/permissions`, `/roles/${Admin}/relationships/organization`]) {
      expect((await owner.get(`${path}?include=permissions`)).status).toBe(400)
    }
    expect((await owner.get('/user?include=memberships')).status).toBe(400)
    expect((await owner.delete('/roles/AAAAAAAAAA?include=permissions')).status).toBe(400)
  })

  test('what the caller may not read is refused by name, not left out', async () => {
    const role = await owner.post('/roles', {
      data: {
        type: 'roles',
        attributes: { name: 'Sees roles' },
        relationships: { organization: { data: { type: 'organizations', id: owner.organizationId } } },
      },
    })
    const { data } = await get(`/roles/${role.body.data.id}/permissions?page[size]=100`)
    for (const { id, attributes } of data) {
      if (attributes.subject !== 'roles') await owner.delete(`/permissions/${id}`)
    }
    const machine = await anApplication(service, owner, 'integration', { roleId: role.body.data.id })
    expect((await machine.get('/roles')).status).toBe(200)
    const { status, body } = await machine.get('/roles?include=permissions')
    expect([status, body.errors[0].code, body.errors[0].source]).toEqual([403, 'FORBIDDEN', { parameter: 'include' }])
  })
})
