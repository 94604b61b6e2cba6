import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anOwner, type Body, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { makeManyRoles } from './many-roles.js'

// Far pages are counted off in an index, and from the end where that is nearer: nobody must notice.

const MANY = 2345
const SIZE = 100

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  await makeManyRoles({ service, owner }, MANY, { references: 40 })
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
