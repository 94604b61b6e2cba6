import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { aMember, anApplication, anOwner, type Body, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { aShop, make, namesIn, type Shop } from '../support/shop.js'

let service: Service
let owner: Owner
let shop: Shop
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  shop = await aShop(owner)
})
afterAll(() => service.stop())

const stockOf = (id: string, names: Body[]) => ({
  data: {
    type: 'markets',
    id,
    relationships: { stock_locations: { data: names.map((one) => ({ type: 'stock_locations', id: one.id })) } },
  },
})

describe('markets and their stock locations', () => {
  test('stock locations are read by include, as related resources and as linkage', async () => {
    const included = await owner.get(`/markets?include=stock_locations,merchant,stores&filter[q][code_eq]=usa`)
    expect(included.body.included.map((one: Body) => one.attributes.name).sort()).toEqual(['acme', 'ny', 'w1', 'w2'])
    const linkage = included.body.data[0].relationships.stock_locations.data
    expect(linkage.map(({ id }: Body) => id).sort()).toEqual([shop.w1.id, shop.w2.id].sort())
    expect(await namesIn(owner, `/markets/${shop.usa.id}/stock_locations`)).toEqual(['w1', 'w2'])
    expect(await namesIn(owner, `/markets/${shop.usa.id}/stores`)).toEqual(['ny'])
    const ids = await owner.get(`/markets/${shop.eu.id}/relationships/stock_locations`)
    expect(ids.body.data).toEqual([{ type: 'stock_locations', id: shop.w3.id }])
    const both = await owner.get('/markets?include=stock_locations&sort=code')
    expect(both.body.data.map((one: Body) => one.relationships.stock_locations.data.length)).toEqual([1, 2])
  })

  test('an update replaces them all, and says so in the history', async () => {
    const market = await make(owner, 'markets', {
      attributes: { name: 'jp' },
      many: { stock_locations: [['stock_locations', shop.w1.id]] },
    })
    expect((await owner.patch(`/markets/${market.id}`, stockOf(market.id, [shop.w2, shop.w3]))).status).toBe(200)
    expect(await namesIn(owner, `/markets/${market.id}/stock_locations`)).toEqual(['w2', 'w3'])
    const history = await owner.get(`/versions?filter[q][resource_id_eq]=${market.id}&sort=-created_at&page[size]=1`)
    expect(history.body.data[0].attributes.changes).toEqual({
      stock_locations: [[shop.w1.id], [shop.w2.id, shop.w3.id].sort()],
    })
    expect((await owner.patch(`/markets/${market.id}`, stockOf(market.id, []))).status).toBe(200)
    expect(await namesIn(owner, `/markets/${market.id}/stock_locations`)).toEqual([])
    expect((await owner.delete(`/markets/${market.id}`)).status).toBe(204)
  })

  test('more than ten are refused: a token names them all', async () => {
    const many = []
    for (let index = 0; index < 11; index += 1) {
      many.push(await make(owner, 'stock_locations', { attributes: { name: `many ${index}` } }))
    }
    const reply = await owner.patch(`/markets/${shop.eu.id}`, stockOf(shop.eu.id, many))
    expect([reply.status, reply.body.errors[0].source.pointer]).toEqual([422, '/data/relationships/stock_locations'])
    expect(await namesIn(owner, `/markets/${shop.eu.id}/stock_locations`)).toEqual(['w3'])
  })

  test('a code is one of its kind in the organization, and free elsewhere', async () => {
    const inside: [string, string] = ['organizations', owner.organizationId]
    const again = await owner.post(
      '/markets',
      resource('markets', { name: 'x', code: 'usa' }, { organization: inside }),
    )
    expect([again.status, again.body.errors[0].source.pointer]).toEqual([409, '/data/attributes/code'])
    const odd = await owner.post('/markets', resource('markets', { name: 'x', code: 'a b' }, { organization: inside }))
    expect([odd.status, odd.body.errors[0].source.pointer]).toEqual([422, '/data/attributes/code'])
    const other = await anOwner(service)
    expect((await make(other, 'markets', { attributes: { name: 'usa', code: 'usa' } })).attributes.code).toBe('usa')
  })

  test('what is referred to cannot be deleted', async () => {
    for (const path of [
      `/stock_locations/${shop.w1.id}`,
      `/merchants/${shop.merchant.id}`,
      `/markets/${shop.usa.id}`,
    ]) {
      expect([path, (await owner.delete(path)).status]).toEqual([path, 423])
    }
  })

  test('_disable and _enable switch off and on; twice is once', async () => {
    const patch = (attributes: Record<string, unknown>) =>
      owner.patch(`/stores/${shop.rome.id}`, change('stores', shop.rome.id, attributes))
    const first = await patch({ _disable: true })
    expect(first.body.data.attributes.disabled_at).toMatch(/Z$/)
    expect((await patch({ _disable: true })).body.data.attributes.disabled_at).toBe(
      first.body.data.attributes.disabled_at,
    )
    expect((await patch({ _enable: true })).body.data.attributes.disabled_at).toBeNull()
    expect((await patch({ disabled_at: null })).status).toBe(422)
  })

  test('members write them by role only', async () => {
    const reader = await aMember(service, owner, owner.roles['Read-only'] as string)
    const member = await aMember(service, owner, owner.roles.Member as string)
    expect(await namesIn(reader, '/stores')).toEqual(['ny', 'rome'])
    expect(await namesIn(member, '/stores')).toBe(403)
    const rename = change('stores', shop.ny.id, { name: 'mine' })
    expect((await reader.patch(`/stores/${shop.ny.id}`, rename)).status).toBe(403)
    expect((await reader.patch(`/markets/${shop.usa.id}`, stockOf(shop.usa.id, []))).status).toBe(403)
  })
})

describe('a sales channel sees exactly what its scope names', () => {
  const asking = (scope: string) => anApplication(service, owner, 'sales_channel', { scope })
  const EVERYTHING = ['markets', 'stores', 'stock_locations', 'merchants']

  test.each([
    ['market:all', [['eu', 'usa'], 403, 403, 403]],
    ['market:code:usa', [['usa'], 403, 403, 403]],
    ['market:code:usa,market:code:eu', [['eu', 'usa'], 403, 403, 403]],
    ['market:code:usa store:code:ny', [['usa'], ['ny'], 403, 403]],
    ['market:code:usa stock_location:code:w2', [['usa'], 403, ['w2'], 403]],
    ['market:all store:all stock_location:code:w3', [['eu', 'usa'], ['ny', 'rome'], ['w3'], 403]],
    ['store:code:ny', [403, ['ny'], 403, 403]],
  ])('%s', async (scope, expected) => {
    const channel = await asking(scope)
    const seen = []
    for (const type of EVERYTHING) seen.push(await namesIn(channel, `/${type}`))
    expect(seen).toEqual(expected)
  })

  test('by id too; the rest is not there, and nothing can be written', async () => {
    const channel = await asking(`market:id:${shop.usa.id}`)
    expect((await channel.get(`/markets/${shop.usa.id}`)).status).toBe(200)
    expect((await channel.get(`/markets/${shop.eu.id}`)).status).toBe(404)
    expect((await channel.get(`/markets/${shop.eu.id}/stores`)).status).toBe(404)
    expect((await channel.get('/markets?filter[q][code_eq]=eu')).body.meta.record_count).toBe(0)
    expect((await channel.get('/markets?include=stock_locations')).status).toBe(403)
    expect((await channel.patch(`/markets/${shop.usa.id}`, change('markets', shop.usa.id, { name: 'x' }))).status).toBe(
      403,
    )
    expect((await channel.delete(`/markets/${shop.usa.id}`)).status).toBe(403)
    const create = resource('markets', { name: 'x' }, { organization: ['organizations', owner.organizationId] })
    expect([403, 404]).toContain((await channel.post('/markets', create)).status)
  })

  test('public fields only: not to be read, filtered or sorted by', async () => {
    const secret = { reference: 'ERP-1', metadata: { margin: 0.4 } }
    await owner.patch(`/markets/${shop.usa.id}`, change('markets', shop.usa.id, secret))
    const channel = await asking('market:all')
    const { body } = await channel.get('/markets?filter[q][code_eq]=usa')
    expect(body.data[0].attributes).toMatchObject({
      name: 'usa',
      code: 'usa',
      geocoder_id: 'GeoCodErID',
      reference: null,
    })
    expect(JSON.stringify(body)).not.toMatch(/ERP|margin/)
    for (const filter of ['reference_eq]=ERP-1', 'metadata_jcont]={"margin":0.4}', 'reference_start]=ERP']) {
      expect((await channel.get(`/markets?filter[q][${filter}`)).body.meta.record_count).toBe(0)
    }
    expect((await owner.get('/markets?filter[q][reference_eq]=ERP-1')).body.meta.record_count).toBe(1)
  })

  test('what is switched off is gone for tokens that are out already', async () => {
    const market = await make(owner, 'markets', { attributes: { name: 'cn', code: 'cn' } })
    const [one, all] = [await asking('market:code:cn'), await asking('market:all')]
    expect(await namesIn(one, '/markets')).toEqual(['cn'])
    await owner.patch(`/markets/${market.id}`, change('markets', market.id, { _disable: true }))
    expect(await namesIn(one, '/markets')).toEqual([])
    expect(await namesIn(all, '/markets')).not.toContain('cn')
    expect(await namesIn(owner, '/markets')).toContain('cn')
  })
})
