import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anOwner, type Body, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { getExamined, makeManyRoles } from './many-roles.js'

let service: Service
let owner: Owner

const MANY = 60

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  await makeManyRoles({ service, owner }, MANY)
})
afterAll(() => service.stop())

const get = (path: string): Promise<Body> => getExamined(owner, path)

describe('JA-19 pages', () => {
  test('first, prev, next, last stand where they belong', async () => {
    const total = MANY + 3
    const pages = Math.ceil(total / 25)
    for (const number of [1, 2, pages]) {
      const { data, meta, links } = await get(`/roles?page[size]=25&page[number]=${number}&sort=id`)
      const at = (page: number): string => `page[number]=${page}&page[size]=25&sort=id`
      const query = (link?: string) =>
        link &&
        [...new URL(link).searchParams]
          .map((pair) => pair.join('='))
          .sort()
          .join('&')
      expect(meta).toEqual({ record_count: total, page_count: pages })
      expect(data).toHaveLength(number === pages ? total - 25 * (pages - 1) : 25)
      expect([query(links.first), query(links.last), query(links.self)]).toEqual([at(1), at(pages), at(number)])
      expect(query(links.prev)).toBe(number === 1 ? undefined : at(number - 1))
      expect(query(links.next)).toBe(number === pages ? undefined : at(number + 1))
    }
  })

  test('size is 10 unless said, 100 at most', async () => {
    expect((await get('/roles')).data).toHaveLength(10)
    expect((await get('/roles?page[size]=100')).data).toHaveLength(MANY + 3)
  })

  test('J22 a page past the end is empty and says where the end is', async () => {
    const { data, meta, links } = await get('/roles?page[number]=50&page[size]=25')
    expect([data, meta]).toEqual([[], { record_count: MANY + 3, page_count: 3 }])
    expect(links).not.toHaveProperty('next')
    expect(new URL(links.prev).searchParams.get('page[number]')).toBe('3')
    const none = await get('/roles?filter[q][name_eq]=nobody')
    expect([none.meta, none.links.next, none.links.prev]).toEqual([
      { record_count: 0, page_count: 0 },
      undefined,
      undefined,
    ])
  })

  test('what a filter leaves is counted the same on a full page, on the last and past the end', async () => {
    const matching = MANY / 5 + 3
    for (const [number, size, shown] of [
      [1, 5, 5],
      [3, 5, 5],
      [4, 5, 0],
      [2, 10, 5],
      [1, 15, 15],
      [1, 16, 15],
      [2, 16, 0],
      [300, 10, 0],
    ] as const) {
      const page = await get(`/roles?filter[q][reference_null]=true&page[size]=${size}&page[number]=${number}`)
      expect([number, size, page.data.length]).toEqual([number, size, shown])
      expect(page.meta).toEqual({ record_count: matching, page_count: Math.ceil(matching / size) })
    }
  })

  test('a page that is not full counts by itself: the database is asked once', async () => {
    const asked: string[] = []
    const hear = ({ sql }: { sql: string }): void => {
      if (/from "roles"/.test(sql)) asked.push(sql)
    }
    service.db.knex.on('query', hear)
    await get('/roles?filter[q][name_cont]=ole+17')
    await get('/roles?filter[q][name_cont]=ole+1')
    service.db.knex.removeListener('query', hear)
    expect(asked.map((sql) => /count\(/.test(sql))).toEqual([false, false, true])
  })

  test.each(['0', '-1', '1.5', '1e9', '9223372036854775808', '01', '', ' 1', '+1', 'x', '0x1', '１', 'null', '1,2'])(
    'J22 page number and page size %p are refused',
    async (value) => {
      for (const name of ['page[number]', 'page[size]']) {
        const { status, body } = await owner.get(`/roles?${name}=${encodeURIComponent(value)}`)
        expect([status, body.errors[0].code, body.errors[0].source]).toEqual([
          400,
          'INVALID_PAGE_VALUE',
          { parameter: name },
        ])
      }
    },
  )

  test('J22 a size over the limit is refused, not cut', async () => {
    const { status, body } = await owner.get('/roles?page[size]=101')
    expect([status, body.errors[0].source]).toEqual([400, { parameter: 'page[size]' }])
    expect(body.errors[0].detail).toContain('100')
  })

  test('J22 the last page number that can be reached is answered', async () => {
    expect((await owner.get('/roles?page[size]=100&page[number]=10000')).status).toBe(200)
    expect((await owner.get('/roles?page[size]=100&page[number]=10001')).status).toBe(400)
  })

  test.each(['page[limit]=1', 'page[offset]=0', 'page[cursor]=x', 'page[Size]=1', 'page[from]=x'])(
    'the key of %s is unknown',
    async (query) => {
      expect((await owner.get(`/roles?${query}`)).body.errors[0].code).toBe('INVALID_PAGE_OBJECT')
    },
  )

  test('one resource has no pages, no order and no filter', async () => {
    const { Admin } = owner.roles
    for (const path of [`/roles/${Admin}`, `/roles/${Admin}/organization`, '/user']) {
      for (const query of ['page[size]=1', 'sort=id', 'filter[q][name_eq]=x']) {
        expect([path, query, (await owner.get(`${path}?${query}`)).status]).toEqual([path, query, 400])
      }
    }
  })
})

describe('JA-21 unknown parameters', () => {
  test.each(['foo', 'limit', 'q', 'dryRun', 'asOf', 'Include', 'SORT', 'organization_id', 'access-token', 'toString'])(
    '%s is refused by name',
    async (name) => {
      for (const path of [
        '/roles',
        `/roles/${owner.roles.Admin}`,
        '/user',
        `/roles/${owner.roles.Admin}/organization`,
      ]) {
        const { status, body } = await owner.get(`${path}?${name}=1`)
        expect([path, status, body.errors[0].source]).toEqual([path, 400, { parameter: name }])
      }
    },
  )

  test('they are refused on writes, too, before anything is written', async () => {
    const made = { data: { type: 'organizations', attributes: { name: 'Never made' } } }
    expect((await owner.post('/organizations?foo=1', made)).status).toBe(400)
    expect((await owner.post('/organizations?page[size]=1', made)).status).toBe(400)
    expect((await get('/organizations?filter[q][name_eq]=Never+made')).data).toEqual([])
  })

  test('one sent twice is refused: which should count?', async () => {
    const { status, body } = await owner.get('/roles?page[size]=1&page[size]=2')
    expect([status, body.errors[0].source]).toEqual([400, { parameter: 'page[size]' }])
  })

  test('brackets and commas may be encoded or not', async () => {
    const plain = await get('/roles?fields[roles]=name,kind&page[size]=2')
    const coded = await get('/roles?fields%5Broles%5D=name%2Ckind&page%5Bsize%5D=2')
    expect(coded.data).toEqual(plain.data)
  })
})
