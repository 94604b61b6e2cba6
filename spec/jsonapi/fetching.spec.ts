import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { aMember, anApplication, anOwner, type Body, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { examine } from './exam.js'

let service: Service
let owner: Owner
let machine: Awaited<ReturnType<typeof anApplication>>

const API = 'https://provisioning.gatehouse.test/api'

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  await aMember(service, owner, owner.roles.Member as string)
  machine = await anApplication(service, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
  await anApplication(service, owner, 'sales_channel')
})
afterAll(() => service.stop())

/** Where a link of the deployment leads on this machine. */
const local = (link: string): string => link.replace(API, '')

const get = async (path: string): Promise<Body> => {
  const { status, body } = await owner.get(path)
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
  examine(body)
  return body
}

function linksIn(value: unknown, into = new Set<string>()): Set<string> {
  if (typeof value === 'string' && value.startsWith(API)) into.add(local(value))
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) linksIn(one, into)
  return into
}

const TYPES = ['organizations', 'memberships', 'roles', 'permissions', 'api_credentials', 'versions']

describe('documents', () => {
  test.each(TYPES)('JA-06 JA-07 JA-08 JA-09 JA-12 JA-13 a list of %s', async (type) => {
    const { data, meta, links } = await get(`/${type}?page[size]=100`)
    expect(Array.isArray(data)).toBe(true)
    expect(data.length).toBeGreaterThan(0)
    expect([meta.record_count, meta.page_count]).toEqual([data.length, 1])
    expect(links).toMatchObject({ first: expect.any(String), last: expect.any(String) })
    for (const one of data) expect([one.type, one.links.self]).toEqual([type, `${API}/${type}/${one.id}`])
  })

  test.each([...TYPES, 'user'])('JA-07 JA-10 the self link of one of %s returns that resource', async (type) => {
    const { data } = await get(`/${type}`)
    const [one] = [data].flat()
    const again = await get(local(one.links.self))
    expect(again.data).toEqual(one)
  })

  test('JA-07 a collection is an array for 0, 1 and several items', async () => {
    for (const [filter, count] of [
      ['filter[q][name_eq]=nobody', 0],
      ['filter[q][name_eq]=Admin', 1],
      ['sort=id', 3],
    ] as const) {
      const { data } = await get(`/roles?${filter}`)
      expect([Array.isArray(data), data.length]).toEqual([true, count])
    }
  })

  test('JA-10 JA-14 every link that we print answers, from every resource to every other', async () => {
    const seen = new Set(TYPES.map((type) => `/${type}?page[size]=3`).concat('/user', '/organization', '/application'))
    const shapes = new Set<string>()
    for (const path of seen) {
      // One of each shape is enough: /roles/{id}/permissions, not that of every role.
      const shape = path.replaceAll(/(?<=\/)[A-Za-z]{10}(?=\/|$|\?)/g, '{id}')
      if (shapes.has(shape)) continue
      shapes.add(shape)
      const caller = path === '/organization' || path === '/application' ? machine : owner
      const { status, body } = await caller.get(path)
      expect([path, status]).toEqual([path, 200])
      examine(body)
      for (const link of linksIn(body)) seen.add(link)
    }
    expect(shapes.size).toBeGreaterThan(50)
  })
})

describe('one resource', () => {
  test('JA-14 unknown, malformed and invisible ids are all the same 404', async () => {
    const other = await anOwner(service)
    const answers = await Promise.all(
      ['AAAAAAAAAA', 'no-id', '1', 'null', other.roles.Admin].map((id) => owner.get(`/roles/${id}`)),
    )
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1)
    expect(answers[0]?.body.errors[0]).toMatchObject({ status: '404', code: 'RECORD_NOT_FOUND' })
  })

  test('JA-14 a related to-one with nothing there is 200 and null', async () => {
    const channel = await get('/api_credentials?filter[q][kind_eq]=sales_channel')
    const { id, relationships } = channel.data[0]
    expect((await get(`/api_credentials/${id}/role`)).data).toBeNull()
    expect((await get(local(relationships.role.links.self))).data).toBeNull()
    expect((await get(`/api_credentials/${id}?include=role`)).data.relationships.role.data).toBeNull()
  })

  test('JA-14 a relationship that does not exist is 404', async () => {
    const { Admin } = owner.roles
    for (const path of [`/roles/${Admin}/shoes`, `/roles/${Admin}/relationships/shoes`, `/roles/${Admin}/name`]) {
      const { status, body } = await owner.get(path)
      expect([path, status, body.errors[0].code]).toEqual([path, 404, 'NOT_FOUND'])
    }
  })

  test('JA-14 the related of what cannot be seen is 404', async () => {
    for (const path of ['/roles/AAAAAAAAAA/permissions', '/roles/AAAAAAAAAA/relationships/organization']) {
      expect((await owner.get(path)).status).toBe(404)
    }
  })

  test('JA-15 relationship endpoints give identifiers only, with self and related', async () => {
    const { Admin, Member } = owner.roles
    const one = await get(`/roles/${Admin}/relationships/organization`)
    expect(one).toEqual({
      data: { type: 'organizations', id: owner.organizationId },
      links: {
        self: `${API}/roles/${Admin}/relationships/organization`,
        related: `${API}/roles/${Admin}/organization`,
      },
    })
    const many = await get(`/roles/${Member}/relationships/permissions?page[size]=5`)
    expect(many.data).toHaveLength(5)
    expect(many.data.every((each: Body) => Object.keys(each).sort().join() === 'id,type')).toBe(true)
    expect(many.meta).toEqual({ record_count: 7, page_count: 2 })
    expect(many.links).toMatchObject({ related: `${API}/roles/${Member}/permissions`, next: expect.any(String) })
    const related = await get(`/roles/${Member}/permissions?page[size]=5`)
    expect(related.data.map(({ id }: Body) => id)).toEqual(many.data.map(({ id }: Body) => id))
  })
})

describe('sparse fieldsets', () => {
  const members = async (query: string): Promise<[string[], string[]]> => {
    const { data } = await get(`/roles/${owner.roles.Admin}?${query}`)
    return [Object.keys(data.attributes ?? {}), Object.keys(data.relationships ?? {})]
  }

  test('JA-17 show exactly what was asked for', async () => {
    expect(await members('fields[roles]=name,kind')).toEqual([['name', 'kind'], []])
    expect(await members('fields[roles]=organization,name')).toEqual([['name'], ['organization']])
    expect(await members('fields[roles]=id,name')).toEqual([['name'], []])
    expect(await members('fields[organizations]=name')).toEqual(await members(''))
  })

  test('JA-17 an empty value shows no field at all', async () => {
    const { data } = await get(`/roles/${owner.roles.Admin}?fields[roles]=`)
    expect(Object.keys(data).filter((name) => name !== 'links')).toEqual(['type', 'id'])
    const list = await get('/roles?fields[roles]=')
    expect(list.data.every((one: Body) => one.attributes === undefined && one.relationships === undefined)).toBe(true)
  })

  test('JA-17 narrow included types as well', async () => {
    const { data, included } = await get(
      `/roles/${owner.roles.Admin}?include=organization&fields[organizations]=slug&fields[roles]=organization`,
    )
    expect(data.relationships.organization.data.id).toBe(owner.organizationId)
    expect(included).toEqual([
      {
        type: 'organizations',
        id: owner.organizationId,
        attributes: { slug: owner.organization.attributes.slug },
        links: { self: `${API}/organizations/${owner.organizationId}` },
      },
    ])
  })

  test.each([
    ['an unknown type', 'fields[shoes]=size', 'fields[shoes]'],
    ['an unknown field', 'fields[roles]=name,size', 'fields[roles]'],
    ['a space', 'fields[roles]=name, kind', 'fields[roles]'],
    ['a trailing comma', 'fields[roles]=name,', 'fields[roles]'],
    ['J4 a hidden column', 'fields[memberships]=user_id', 'fields[memberships]'],
    ['J4 the hash of a secret', 'fields[api_credentials]=hash', 'fields[api_credentials]'],
  ])('JA-17 %s is refused', async (_what, query, parameter) => {
    const { status, body } = await owner.get(`/roles?${query}`)
    expect([status, body.errors[0].code, body.errors[0].source]).toEqual([400, 'INVALID_FIELD', { parameter }])
  })

  test('JA-17 work with a write, too', async () => {
    const made = await owner.post(
      '/roles?fields[roles]=name,organization&include=organization&fields[organizations]=name',
      resource('roles', { name: newId() }, { organization: ['organizations', owner.organizationId] }),
    )
    expect([made.status, Object.keys(made.body.data.attributes)]).toEqual([201, ['name']])
    expect(made.body.included).toHaveLength(1)
    await owner.delete(`/roles/${made.body.data.id}`)
  })
})
