import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anOwner, type Body, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { getExamined, makeManyRoles } from './many-roles.js'

const API = 'https://provisioning.gatehouse.test/api'
const MANY = 60
const SIZE = 7

let service: Service
let owner: Owner

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  await makeManyRoles({ service, owner }, MANY, { label: 'ref "é"' })
})
afterAll(() => service.stop())

const get = (path: string): Promise<Body> => getExamined(owner, path.replace(API, ''))
const ids = (body: Body): string[] => body.data.map(({ id }: Body) => id)

/** All pages one after the other, by one of their links. */
async function walk(path: string, way: 'next' | 'prev'): Promise<Body[]> {
  const found: Body[] = []
  for (let at: string | undefined = path; at !== undefined; at = found.at(-1)?.links[way]) found.push(await get(at))
  return found
}

const cursorIn = (link: string, side: 'after' | 'before'): string =>
  new URL(link).searchParams.get(`page[${side}]`) as string

const ORDERS: [sort: string, sql: string][] = [
  ['', 'created_at, id'],
  ['created_at', 'created_at, id'],
  ['-created_at', 'created_at desc, id desc'],
  ['updated_at,-created_at', 'updated_at, created_at desc, id desc'],
  ['-id', 'id desc'],
  ['reference', 'reference, id'],
  ['-reference', 'reference desc, id desc'],
  ['reference,-created_at', 'reference, created_at desc, id desc'],
  ['-reference,created_at', 'reference desc, created_at, id'],
]

describe('JA-19 a walk by cursors', () => {
  test.each(ORDERS)('sorted by "%s" shows every row once, in order, from either end', async (sort, sql) => {
    const all = service.db.knex('roles').where({ organization_id: owner.organizationId })
    const wanted: string[] = await all.orderByRaw(sql).pluck('id')
    const path = `/roles?${sort && `sort=${sort}&`}page[size]=${SIZE}`
    const there = await walk(`${path}&page[after]=`, 'next')
    expect(there.flatMap(ids)).toEqual(wanted)
    const back = await walk(`${path}&page[before]=`, 'prev')
    expect(back.map(ids).reverse().flat()).toEqual(wanted)
    for (const { meta } of there) expect(meta).toEqual({ record_count: MANY + 3, page_count: 9 })
  })

  test('each page leads to the ones beside it, and to both ends', async () => {
    const [first, second, third] = await walk(`/roles?page[size]=${SIZE}&page[after]=`, 'next')
    expect([first.links.prev, first.links.self]).toEqual([undefined, `${API}/roles?page%5Bsize%5D=7&page%5Bafter%5D=`])
    expect(ids(await get(third.links.prev))).toEqual(ids(second))
    expect(ids(await get((await get(third.links.prev)).links.next))).toEqual(ids(third))
    expect(ids(await get(third.links.first))).toEqual(ids(first))
    const last = await get(third.links.last)
    expect([ids(last).length, last.links.next]).toEqual([SIZE, undefined])
    expect(last.links.prev).toBeDefined()
  })

  test('rows that come and go meanwhile move nothing', async () => {
    const other = await anOwner(service)
    const at = (seconds: number) => new Date(Date.now() + 1000 * seconds)
    const row = (n: number) => {
      const made = { organization_id: other.organizationId, id: newId(), name: `Role ${n}`, kind: 'custom' }
      return { ...made, created_at: at(n), updated_at: at(n) }
    }
    const rows = Array.from({ length: 20 }, (_, n) => row(10 + n))
    await service.db.knex('roles').insert(rows)
    const read = async (path: string) => (await other.get(path.replace(API, ''))).body
    const first = await read('/roles?page[size]=8&page[after]=')
    await service.db.knex('roles').where({ id: rows[4]?.id }).delete()
    await service.db.knex('roles').insert([row(2), row(3)])
    const second = await read(first.links.next)
    expect(ids(second)).toEqual(rows.slice(5, 13).map(({ id }) => id))
  })

  test('goes through what a filter leaves, the far end of a relationship, and its linkage; sparse fields too', async () => {
    const all = service.db.knex('roles').where({ organization_id: owner.organizationId }).whereNotNull('reference')
    const wanted: string[] = await all.orderByRaw('created_at desc, id desc').pluck('id')
    const query = 'filter[q][reference_null]=false&sort=-created_at&page[size]=20&page[after]='
    for (const path of ['/roles', `/organizations/${owner.organizationId}/roles`]) {
      for (const more of ['', '&fields[roles]=name']) {
        const pages = await walk(`${path}?${query}${more}`, 'next')
        expect([path, pages.flatMap(ids)]).toEqual([path, wanted])
        expect(pages[0].meta.record_count).toBe(wanted.length)
      }
    }
    const linkage = `/organizations/${owner.organizationId}/relationships/roles?sort=-id&page[size]=40&page[after]=`
    const everything = service.db.knex('roles').where({ organization_id: owner.organizationId })
    expect((await walk(linkage, 'next')).flatMap(ids)).toEqual(await everything.orderBy('id', 'desc').pluck('id'))
  })

  test("a cursor of another organization's row shows no row of it", async () => {
    const other = await anOwner(service)
    const theirs = await other.get('/roles?page[size]=1&page[after]=')
    const cursor = cursorIn(theirs.body.links.next, 'after')
    const seen = [
      ...(await walk(`/roles?page[size]=50&page[after]=${cursor}`, 'next')),
      ...(await walk(`/roles?page[size]=50&page[before]=${cursor}`, 'prev')),
    ]
    const own = new Set(await service.db.knex('roles').where({ organization_id: owner.organizationId }).pluck('id'))
    expect(new Set(seen.flatMap(ids))).toEqual(own)
  })

  test('begins where page numbers end', async () => {
    const rich = await anOwner(service)
    const count = () =>
      service.db.knex('row_counts').where({ organization_id: rich.organizationId, table_name: 'roles' })
    // As if it had so many.
    await count().limit(1).update({ rows: 3_000_000 })
    const { links, meta } = (await rich.get('/roles?page[size]=2')).body
    expect(meta.record_count).toBeGreaterThanOrEqual(3_000_000)
    expect(links.last).toBe(`${API}/roles?page%5Bsize%5D=2&page%5Bbefore%5D=`)
    expect((await rich.get(links.last.replace(API, ''))).body.data).toHaveLength(2)
    expect((await rich.get('/roles?page[size]=2&page[number]=500001')).status).toBe(400)
  })
})

describe('refused, with the parameter by name', () => {
  const made = (...content: unknown[]) => Buffer.from(JSON.stringify(content)).toString('base64url')
  const ORDER = 'created_at,id'
  const TIME = '2026-01-01T00:00:00.000Z'
  test.each([
    ['garbage', 'page[after]=%21%21'],
    ['no JSON', `page[before]=${Buffer.from('{').toString('base64url')}`],
    ['no list', `page[after]=${Buffer.from('{"a":1}').toString('base64url')}`],
    ['too few values', `page[after]=${made(ORDER, TIME)}`],
    ['too many values', `page[after]=${made(ORDER, TIME, 'a', 'b')}`],
    ['no time', `page[after]=${made(ORDER, 'yesterday', 'a')}`],
    ['an object', `page[after]=${made(ORDER, TIME, { a: 1 })}`],
    ['a NUL', `page[after]=${made(ORDER, TIME, 'a\u0000b')}`],
    ['half a character', `page[after]=${made(ORDER, TIME, '\ud800')}`],
    ['of another order', `sort=-created_at&page[after]=${made(ORDER, TIME, 'a')}`],
    ['of another table', `page[after]=${made('name,id', 'a', 'b')}`],
    ['both ends', 'page[after]=&page[before]=', 'page[before]'],
    ['a number too', 'page[after]=&page[number]=1', 'page[number]'],
    ['twice', 'page[after]=&page[after]='],
    ['for one resource', 'page[after]=', 'page[after]', '/organization'],
  ])('%s', async (_case, query, parameter = query.split('=').at(-2)?.split('&').at(-1) as string, path = '/roles') => {
    const { status, body } = await owner.get(`${path}?${query}`)
    expect([status, body.errors?.[0].source]).toEqual([400, { parameter }])
  })
})
