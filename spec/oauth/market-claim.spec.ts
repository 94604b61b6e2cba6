import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { anApplication, anOwner, api, call, change, type Owner, tokenFor } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { aShop, make, type Shop } from '../support/shop.js'

let service: Service
let owner: Owner
let shop: Shop
let clientId: string
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  shop = await aShop(owner)
  clientId = (await anApplication(service, owner, 'sales_channel')).clientId
})
afterAll(() => service.stop())

const claimsOf = async (scope: string) => decodeJwt(await tokenFor(service, { clientId, scope }))
const ids = (...of: { id: string }[]): string[] => of.map(({ id }) => id).sort()

async function refusal(scope: string): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ grant_type: 'client_credentials', client_id: clientId, scope })
  const reply = await call(service, '/oauth/token', { method: 'POST', headers, body })
  return `${reply.status} ${reply.body.error}`
}

describe('the market claim of CONTRACT 6', () => {
  test('stands only in a token whose scope names a market', async () => {
    expect(await claimsOf('market:all')).not.toHaveProperty('market')
    const claims = await claimsOf('market:code:usa')
    expect(claims.market).toEqual({
      id: [shop.usa.id],
      stock_location_ids: ids(shop.w1, shop.w2),
      geocoder_id: 'GeoCodErID',
      allows_external_prices: true,
    })
    expect(Object.keys(claims).slice(0, 4)).toEqual(['organization', 'application', 'market', 'scope'])
    expect(Object.keys(claims.market as object)).toEqual([
      'id',
      'stock_location_ids',
      'geocoder_id',
      'allows_external_prices',
    ])
    expect((await claimsOf(`market:id:${shop.usa.id}`)).market).toEqual(claims.market)
  })

  test('of several markets all, of external prices the strictest', async () => {
    const { market } = await claimsOf('market:code:usa,market:code:eu')
    expect(market).toMatchObject({ geocoder_id: 'GeoCodErID', allows_external_prices: false })
    const { id, stock_location_ids } = market as { id: string[]; stock_location_ids: string[] }
    expect([...id].sort()).toEqual(ids(shop.usa, shop.eu))
    expect([...stock_location_ids].sort()).toEqual(ids(shop.w1, shop.w2, shop.w3))
  })

  test('of stock locations those that the scope names', async () => {
    const { market } = await claimsOf(`market:code:usa stock_location:id:${shop.w2.id} store:code:ny`)
    expect(market).toMatchObject({ id: [shop.usa.id], stock_location_ids: [shop.w2.id] })
  })

  test('the numbers of old clients are codes', async () => {
    const old = await make(owner, 'markets', { attributes: { name: 'old', code: '58' } })
    expect((await claimsOf('market:58')).market).toMatchObject({ id: [old.id] })
  })

  test('a token with ten stock locations is made, and has at most 2 KiB', async () => {
    const locations: [string, string][] = []
    for (let index = 0; index < 10; index += 1) {
      const made = await make(owner, 'stock_locations', { attributes: { name: `big ${index}` } })
      locations.push(['stock_locations', made.id])
    }
    const attributes = { name: 'big', code: 'big', geocoder_id: 'GeoCodErID' }
    const big = await make(owner, 'markets', { attributes, many: { stock_locations: locations } })
    const token = await tokenFor(service, { clientId, scope: `market:id:${big.id}` })
    expect(token.length).toBeLessThanOrEqual(2048)
    expect((await tokenFor(service, { clientId, scope: 'market:code:eu' })).length).toBeLessThanOrEqual(1536)
  })
})

describe('a scope that names what is not there is refused', () => {
  test.each([
    'market:code:nowhere',
    'market:id:ZZZZZZZZZZ',
    'market:99',
    'store:code:nowhere',
    'market:code:usa store:code:nowhere',
    'market:code:usa stock_location:code:w3',
    'market:code:usa store:code:rome',
    'market:all stock_location:code:nowhere',
    'market:code:usa market:code:nowhere',
  ])('%s', async (scope) => expect(await refusal(scope)).toBe('400 invalid_scope'))

  test('another organization’s market is none', async () => {
    const theirs = await make(await anOwner(service), 'markets', { attributes: { name: 'theirs', code: 'theirs' } })
    expect(await refusal('market:code:theirs')).toBe('400 invalid_scope')
    expect(await refusal(`market:id:${theirs.id}`)).toBe('400 invalid_scope')
  })

  test('what was remembered is forgotten when it changes, on another instance too', async () => {
    const second = await startService({ db: service.db })
    const there = { ...api(second, owner.token) }
    const market = await make(owner, 'markets', { attributes: { name: 'cn', code: 'cn' } })
    const locations = async () =>
      ((await claimsOf('market:code:cn')).market as { stock_location_ids: string[] }).stock_location_ids
    expect(await locations()).toEqual([])
    const data = [{ type: 'stock_locations', id: shop.w1.id }]
    const linked = { data: { type: 'markets', id: market.id, relationships: { stock_locations: { data } } } }
    expect((await there.patch(`/markets/${market.id}`, linked)).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(await locations()).toEqual([shop.w1.id])
    await there.patch(`/stock_locations/${shop.w1.id}`, change('stock_locations', shop.w1.id, { _disable: true }))
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(await locations()).toEqual([])
    await there.patch(`/markets/${market.id}`, change('markets', market.id, { _disable: true }))
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(await refusal('market:code:cn')).toBe('400 invalid_scope')
    await second.stop()
  })
})
