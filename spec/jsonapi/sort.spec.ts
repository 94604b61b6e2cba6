import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anOwner, type Body, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { getExamined, makeManyRoles } from './many-roles.js'

let service: Service
let owner: Owner

const API = 'https://provisioning.gatehouse.test/api'
const MANY = 60

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  await makeManyRoles({ service, owner }, MANY)
})
afterAll(() => service.stop())

const get = (path: string): Promise<Body> => getExamined(owner, path)
const ids = (body: Body): string[] => body.data.map(({ id }: Body) => id)

/** All pages one after the other, by the links alone. */
async function walk(path: string): Promise<Body[]> {
  const found: Body[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const body = await get(next.replace(API, ''))
    found.push(...body.data)
    next = body.links.next
  }
  return found
}

describe('JA-18 sort', () => {
  test('by default in order of creation, ties by id', async () => {
    const all = await walk('/roles?page[size]=100')
    const sorted = [...all].sort((a, b) => {
      const [x, y] = [a.attributes.created_at, b.attributes.created_at]
      return x === y ? (a.id < b.id ? -1 : 1) : x < y ? -1 : 1
    })
    expect(all.map(({ attributes, id }) => [attributes.created_at, id])).toEqual(
      sorted.map(({ attributes, id }) => [attributes.created_at, id]),
    )
  })

  test('descending is ascending from the other end', async () => {
    for (const key of ['id', 'created_at', 'updated_at', 'created_at,id']) {
      const descending = key
        .split(',')
        .map((one) => `-${one}`)
        .join()
      const [up, down] = [
        await get(`/roles?page[size]=100&sort=${key}`),
        await get(`/roles?page[size]=100&sort=${descending}`),
      ]
      expect(ids(down)).toEqual(ids(up).reverse())
    }
  })

  test('several keys count one after the other', async () => {
    const all = (await get('/roles?page[size]=100&sort=-reference,created_at,-id&filter[q][reference_not_null]=true'))
      .data
    for (const [index, row] of all.entries()) {
      const next = all[index + 1]
      if (next === undefined) continue
      const [a, b] = [row.attributes, next.attributes]
      const ordered =
        a.reference > b.reference ||
        (a.reference === b.reference && a.created_at < b.created_at) ||
        (a.reference === b.reference && a.created_at === b.created_at && row.id > next.id)
      expect([index, ordered]).toEqual([index, true])
    }
  })

  test.each(['sort=reference', 'sort=-reference', 'sort=created_at', 'sort=-updated_at', ''])(
    'pages neither repeat nor skip a row, whatever ties there are: %s',
    async (sort) => {
      const walked = await walk(`/roles?page[size]=7&${sort}`)
      expect(walked).toHaveLength(MANY + 3)
      expect(new Set(walked.map(({ id }) => id)).size).toBe(MANY + 3)
      expect(walked.map(({ id }) => id)).toEqual(ids(await get(`/roles?page[size]=100&${sort}`)))
    },
  )

  test('may be by a field that is not shown', async () => {
    const hidden = await get('/roles?page[size]=100&sort=-created_at&fields[roles]=name')
    expect(ids(hidden)).toEqual(ids(await get('/roles?page[size]=100&sort=-created_at')))
    expect(Object.keys(hidden.data[0].attributes)).toEqual(['name'])
  })

  test('works on related collections', async () => {
    const body = await get(`/organizations/${owner.organizationId}/roles?page[size]=100&sort=-id`)
    expect(ids(body)).toEqual(ids(await get('/roles?page[size]=100&sort=-id')))
  })

  test.each([
    ['roles', 'shoe_size'],
    ['roles', 'id,shoe_size'],
    ['roles', '-'],
    ['roles', '--id'],
    ['roles', 'id,'],
    ['roles', ',id'],
    ['roles', 'id,,id'],
    ['roles', '+id'],
    ['roles', 'organization'],
    ['roles', 'organization.name'],
    ['roles', 'metadata'],
    ['roles', 'ID'],
    ['J4 api_credentials', 'client_secret'],
    ['J4 api_credentials', 'secret_hash'],
    ['J4 memberships', 'user_id'],
    ['J4 memberships', 'invitation_token_hash'],
    ['versions', 'changes'],
  ])('%s cannot be sorted by %s', async (type, sort) => {
    const { status, body } = await owner.get(`/${type.replace('J4 ', '')}?sort=${encodeURIComponent(sort)}`)
    expect([status, body.errors[0].code, body.errors[0].source]).toEqual([
      400,
      'INVALID_SORT_CRITERIA',
      { parameter: 'sort' },
    ])
  })
})
