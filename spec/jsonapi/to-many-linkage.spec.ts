import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { aMember, anApplication, anOwner, type Body, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

// JA-28 the linkage of a to-many relationship is replaced, added to, taken from: by the rules of an update.

let service: Service
let owner: Owner
let locations: string[]
let market: string
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  locations = await Promise.all(Array.from({ length: 12 }, () => made('stock_locations', { name: 'Shelf' })))
})
afterAll(() => service.stop())
beforeEach(async () => {
  market = await made('markets', { name: newId() })
})

async function made(
  type: string,
  attributes: Record<string, unknown>,
  links: Record<string, [string, string]> = {},
): Promise<string> {
  const all = { organization: ['organizations', owner.organizationId] as [string, string], ...links }
  const { status, body } = await owner.post(`/${type}`, resource(type, attributes, all))
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body.data.id
}

const at = (ids: readonly string[], type = 'stock_locations') => ({ data: ids.map((id) => ({ type, id })) })
const path = () => `/markets/${market}/relationships/stock_locations`
const present = async (): Promise<string[]> => {
  const { body } = await owner.get(`${path()}?page[size]=100`)
  return body.data.map((one: Body) => one.id).sort()
}
const some = (...places: number[]): string[] => places.map((place) => locations[place] as string)
const sorted = (ids: readonly string[]): string[] => [...ids].sort()

describe('JA-28 stock locations of a market', () => {
  test('PATCH replaces them all, also by none; the answer is the linkage', async () => {
    const replaced = await owner.patch(path(), at(some(0, 1, 2)))
    expect([replaced.status, sorted(replaced.body.data.map((one: Body) => one.id))]).toEqual([
      200,
      sorted(some(0, 1, 2)),
    ])
    expect(replaced.body.links.self).toMatch(/\/relationships\/stock_locations$/)
    expect((await owner.patch(path(), at(some(3)))).status).toBe(200)
    expect(await present()).toEqual(some(3))
    expect((await owner.patch(path(), { data: [] })).status).toBe(200)
    expect(await present()).toEqual([])
  })

  test('POST adds without duplicates; what is there already is no fault', async () => {
    expect((await owner.post(path(), at(some(0, 1)))).status).toBe(200)
    expect((await owner.post(path(), at(some(1, 2, 2)))).status).toBe(200)
    expect(await present()).toEqual(sorted(some(0, 1, 2)))
    const versions = `/versions?filter[q][resource_id_eq]=${market}`
    const before = (await owner.get(versions)).body.meta.record_count
    expect((await owner.post(path(), at(some(0)))).status).toBe(200)
    expect((await owner.get(versions)).body.meta.record_count).toBe(before)
  })

  test('DELETE takes away; what is not there is no fault, nor what never was', async () => {
    await owner.patch(path(), at(some(0, 1, 2)))
    expect((await owner.delete(path(), at([...some(1, 5), 'AAAAAAAAAA']))).status).toBe(200)
    expect(await present()).toEqual(sorted(some(0, 2)))
    expect((await owner.delete(path(), at(some(1)))).status).toBe(200)
  })

  test('the rules of the resource hold: ten at most, however they come', async () => {
    await owner.patch(path(), at(some(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)))
    const { status, body } = await owner.post(path(), at(some(10)))
    expect([status, body.errors[0].meta.error]).toEqual([422, 'too_long'])
    expect(await present()).toHaveLength(10)
  })

  test('what is added must be visible, of the type, of the organization; a wrong document changes nothing', async () => {
    const stranger = await anOwner(service)
    const foreign = await stranger.post(
      '/stock_locations',
      resource('stock_locations', { name: 'x' }, { organization: ['organizations', stranger.organizationId] }),
    )
    await owner.patch(path(), at(some(0)))
    for (const [body, status] of [
      [at([...some(1), foreign.body.data.id]), 404],
      [at([...some(1), 'AAAAAAAAAA']), 404],
      [at(some(1), 'markets'), 422],
      [{ data: null }, 400],
      [{ data: { type: 'stock_locations', id: locations[1] } }, 400],
      [{}, 400],
    ] as const) {
      for (const method of ['post', 'patch'] as const) expect((await owner[method](path(), body)).status).toBe(status)
    }
    expect(await present()).toEqual(some(0))
    const reader = await aMember(service, owner, owner.roles['Read-only'] as string)
    for (const method of ['post', 'patch', 'delete'] as const) {
      expect((await reader[method](path(), at(some(1)))).status).toBe(403)
      expect((await stranger[method](path(), at(some(1)))).status).toBe(404)
    }
    expect(await present()).toEqual(some(0))
  })

  test('If-Match is asked', async () => {
    const { headers } = await owner.get(`/markets/${market}`)
    const stale = headers.get('etag') ?? ''
    await owner.post(path(), at(some(0)))
    const type = 'application/vnd.api+json'
    const response = await fetch(`${service.url}/api${path()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}`, accept: type, 'content-type': type, 'if-match': stale },
      body: JSON.stringify(at(some(1))),
    })
    expect(response.status).toBe(412)
    expect(await present()).toEqual(some(0))
  })

  test('operations add to, take from and replace a linkage too', async () => {
    const type = 'application/vnd.api+json;ext="https://jsonapi.org/ext/atomic"'
    const ref = { type: 'markets', id: market, relationship: 'stock_locations' }
    const operations = [
      { op: 'add', ref, ...at(some(0, 1)) },
      { op: 'remove', ref, ...at(some(0)) },
      { op: 'add', ref, ...at(some(2)) },
    ]
    const response = await fetch(`${service.url}/api/operations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.token}`, accept: type, 'content-type': type },
      body: JSON.stringify({ 'atomic:operations': operations }),
    })
    expect(response.status).toBe(200)
    expect(await present()).toEqual(sorted(some(1, 2)))
  })
})

describe('JA-28 application memberships of a seat and of a profile', () => {
  const bundle = async (holder: Record<string, [string, string]>): Promise<string> => {
    const app = await anApplication(service, owner, 'integration', { roleId: owner.roles.Member as string })
    const role: [string, string] = ['roles', owner.roles.Member as string]
    return made('application_memberships', {}, { api_credential: ['api_credentials', app.id], role, ...holder })
  }

  test('what is let go by its only holder is deleted; what another holds is refused', async () => {
    const profile = await made('membership_profiles', { name: 'P', access_scope: 'live_access' })
    const other = await made('membership_profiles', { name: 'Q', access_scope: 'live_access' })
    const one = await bundle({ membership_profile: ['membership_profiles', profile] })
    const two = await bundle({ membership_profile: ['membership_profiles', profile] })
    const theirs = await bundle({ membership_profile: ['membership_profiles', other] })
    const linkage = `/membership_profiles/${profile}/relationships/application_memberships`
    const ids = async () => (await owner.get(linkage)).body.data.map(({ id }: Body) => id).sort()
    expect((await owner.post(linkage, at([theirs], 'application_memberships'))).status).toBe(422)
    expect((await owner.delete(linkage, at([one], 'application_memberships'))).status).toBe(200)
    expect(await ids()).toEqual([two])
    expect((await owner.get(`/application_memberships/${one}`)).status).toBe(404)
    expect((await owner.patch(linkage, { data: [] })).status).toBe(200)
    expect(await ids()).toEqual([])
  })

  test('nobody widens their own seat that way', async () => {
    const manager = await made('roles', { name: 'Manager' })
    for (const { id, attributes } of (await owner.get(`/roles/${manager}/permissions?page[size]=100`)).body.data) {
      if (!/memberships$/.test(attributes.subject)) continue
      await owner.patch(`/permissions/${id}`, change('permissions', id, { can_update: true, can_destroy: true }))
    }
    const member = await aMember(service, owner, manager)
    const seat = member.membershipId
    const opened = await bundle({ membership: ['memberships', seat] })
    const linkage = `/memberships/${seat}/relationships/application_memberships`
    for (const method of ['delete', 'patch'] as const) {
      const body = method === 'patch' ? { data: [] } : at([opened], 'application_memberships')
      expect([method, (await member[method](linkage, body)).status]).toEqual([method, 403])
    }
    expect((await owner.delete(linkage, at([opened], 'application_memberships'))).status).toBe(200)
  })
})

test('a document links to a thousand resources at most', async () => {
  const ids = Array.from({ length: 1001 }, () => newId())
  for (const reply of [
    await owner.post(path(), at(ids)),
    await owner.patch(`/markets/${market}`, {
      data: { type: 'markets', id: market, relationships: { stock_locations: at(ids) } },
    }),
  ]) {
    expect([reply.status, reply.body.errors[0].meta]).toEqual([422, { error: 'too_long', count: 1000 }])
  }
  expect((await owner.post(path(), at(ids.slice(1)))).status).toBe(404)
})
