import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aMember, anApplication, anOwner, type Body, change, type Owner, resource, tokenFor } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { aShop } from '../support/shop.js'

// What still stands when rows come and go, when others point at them, and when something is switched off.

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const inside = (): Record<string, [string, string]> => ({ organization: ['organizations', owner.organizationId] })
const aRole = async (name: string): Promise<string> =>
  (await owner.post('/roles', resource('roles', { name }, inside()))).body.data.id

test('J23 rows that are added or removed while somebody pages are neither shown twice nor push others out of sight', async () => {
  const ids = []
  for (let n = 0; n < 12; n += 1) ids.push(await aRole(`Paged ${n}`))
  const seen: string[] = []
  for (let page = 1; page <= 4; page += 1) {
    const reply = await owner.get(`/roles?filter[q][name_start]=Paged&page[size]=3&page[number]=${page}`)
    seen.push(...reply.body.data.map((one: Body) => one.id))
    // The order is that of creation: what comes later stands behind everything that was there.
    await aRole(`Paged later ${page}`)
  }
  expect(seen).toEqual(ids)
})

test('J25 what others point at is refused or goes cleanly: no orphan, no 500', async () => {
  const role = await aRole('Pointed at')
  const member = await aMember(service, owner, role)
  const machine = await anApplication(service, owner, 'integration', { roleId: role })
  expect((await owner.delete(`/roles/${role}`)).status).toBe(423)
  expect((await owner.delete(`/api_credentials/${machine.id}`)).status).toBe(204)
  expect((await owner.delete(`/memberships/${member.membershipId}`)).status).toBeLessThan(300)
  expect((await owner.delete(`/roles/${role}`)).status).toBe(204)
  const shop = await aShop(owner)
  for (const path of [`/merchants/${shop.merchant.id}`, `/markets/${shop.usa.id}`, `/stock_locations/${shop.w1.id}`]) {
    const reply = await owner.delete(path)
    expect([path, reply.status, reply.body.errors[0].code]).toEqual([path, 423, 'LOCKED'])
  }
  for (const path of [
    `/stores/${shop.ny.id}`,
    `/stores/${shop.rome.id}`,
    `/markets/${shop.usa.id}`,
    `/markets/${shop.eu.id}`,
    `/merchants/${shop.merchant.id}`,
    `/stock_locations/${shop.w1.id}`,
  ]) {
    expect([path, (await owner.delete(path)).status]).toEqual([path, 204])
  }
  const tables = ['permissions', 'api_credential_secrets', 'market_stock_locations']
  const parents: Record<string, [string, string]> = {
    permissions: ['role_id', 'roles'],
    api_credential_secrets: ['api_credential_id', 'api_credentials'],
    market_stock_locations: ['market_id', 'markets'],
  }
  for (const table of tables) {
    const [column, parent] = parents[table] as [string, string]
    const orphans = await service.db.knex(table).whereNotIn(column, service.db.knex(parent).select('id')).select(column)
    expect([table, orphans]).toEqual([table, []])
  }
})

test('J26 a market that is switched off is gone from scopes, lists, single records, includes and claims', async () => {
  const other = await anOwner(service)
  const { usa, ny } = await aShop(other)
  const shop = await anApplication(service, other, 'sales_channel', { scope: 'market:all' })
  const { clientId } = shop
  expect((await shop.get(`/markets/${usa.id}`)).status).toBe(200)
  await other.patch(`/markets/${usa.id}`, change('markets', usa.id, { _disable: true }))
  expect((await shop.get(`/markets/${usa.id}`)).status).toBe(404)
  expect((await shop.get('/markets')).body.data.map((one: Body) => one.id)).not.toContain(usa.id)
  for (const scope of [`market:id:${usa.id}`, 'market:code:usa']) {
    await expect(tokenFor(service, { clientId, scope })).rejects.toThrow('invalid_scope')
  }
  const store = await anApplication(service, other, 'sales_channel', {
    scope: 'market:all store:code:ny',
    attributes: { scopes: 'market:all store:all' },
  })
  const included = await store.get(`/stores/${ny.id}?include=market`)
  expect((included.body.included ?? []).map((one: Body) => one.id)).not.toContain(usa.id)
})
