import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anOwner, type Body, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

// Far pages are counted off in an index, and from the end where that is nearer: nobody must notice.

const MANY = 2345
const SIZE = 100

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  const now = Date.now()
  const rows = Array.from({ length: MANY }, (_, index) => {
    const at = new Date(now + 1000 * Math.floor(index / 6))
    const row = { organization_id: owner.organizationId, id: newId(), name: `Role ${index % 50}`, kind: 'custom' }
    return { ...row, reference: index % 5 === 0 ? null : `ref ${index % 40}`, created_at: at, updated_at: at }
  })
  await service.db.knex.batchInsert('roles', rows, 500)
})
afterAll(() => service.stop())

const idsOf = (body: Body): string[] => body.data.map((one: Body) => one.id)

const ORDERS: [sort: string, sql: string][] = [
  ['created_at', 'created_at, id'],
  ['-created_at', 'created_at desc, id desc'],
  ['reference', 'reference, id'],
  ['-reference', 'reference desc, id desc'],
  ['reference,-created_at', 'reference, created_at desc, id desc'],
]

test.each(ORDERS)('pages by %s are pieces of one order, near or far, forwards or backwards', async (sort, sql) => {
  const all = service.db.knex('roles').where({ organization_id: owner.organizationId })
  const ids = await all.orderByRaw(sql).pluck('id')
  for (const number of [1, 10, 11, 12, 13, 23, 24, 25]) {
    const { status, body } = await owner.get(`/roles?sort=${sort}&page[size]=${SIZE}&page[number]=${number}`)
    expect([status, body.meta?.record_count]).toEqual([200, MANY + 3])
    expect([number, idsOf(body)]).toEqual([number, ids.slice((number - 1) * SIZE, number * SIZE)])
  }
})

test('far pages of what a filter leaves, and of the far end of a relationship', async () => {
  const filter = 'filter[q][reference_null]=false&sort=-created_at'
  const all = service.db.knex('roles').where({ organization_id: owner.organizationId })
  const ids = await all.clone().whereNotNull('reference').orderByRaw('created_at desc, id desc').pluck('id')
  for (const number of [1, 101, Math.ceil(ids.length / 10), 1000]) {
    for (const path of ['/roles', `/organizations/${owner.organizationId}/roles`]) {
      const { body } = await owner.get(`${path}?${filter}&page[number]=${number}`)
      expect([path, number, idsOf(body)]).toEqual([path, number, ids.slice((number - 1) * 10, number * 10)])
      expect(body.meta.record_count).toBe(ids.length)
    }
  }
})
