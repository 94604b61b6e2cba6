import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { FieldKind } from '../../src/jsonapi/define.js'
import { PREDICATES, type Predicate, suits } from '../../src/jsonapi/predicates.js'
import { anApplication, anOwner, type Body, change, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { meets, type Value } from './predicate-model.js'

let service: Service
let owner: Owner
let rows: Body[]

/** Rows whose attributes differ in every way that a predicate can tell apart. */
const ROWS = [
  { name: 'aa', reference: 'Alpha', metadata: { tier: 1, tags: ['a', 'b'] }, expires_in: 7200, custom: true },
  { name: 'ab', reference: 'alphabet', metadata: { tier: 2, address: { city: 'Bath', no: 1 } }, expires_in: 7201 },
  { name: 'ba', reference: 'BETA', metadata: {}, expires_in: 9000, custom: false },
  { name: 'bb', reference: '100%', metadata: { tier: null }, expires_in: 10_000 },
  { name: 'ca', reference: 'a_b', metadata: { tags: [] }, custom: true },
  { name: 'cb', reference: 'a\\b' },
  { name: 'cc', reference: '' },
  { name: 'cd', reference: null },
  { name: 'ce', reference: 'Zoë' },
]

/** The attribute that stands for each kind of value, and values to compare it with. */
const PLAIN: Record<string, { attribute: string; kind: FieldKind; values: string[] }[]> = {
  equal: [
    { attribute: 'reference', kind: 'string', values: ['BETA', 'beta', '', 'nothing'] },
    { attribute: 'expires_in', kind: 'integer', values: ['7200', '9000', '1'] },
    { attribute: 'confidential', kind: 'boolean', values: ['true', 'false'] },
    { attribute: 'custom', kind: 'boolean', values: ['true', 'false'] },
    { attribute: 'created_at', kind: 'datetime', values: ['2020-01-03T00:00:00.000Z', '2020-01-04T12:00:00.001Z'] },
    { attribute: 'disabled_at', kind: 'datetime', values: ['2020-01-01T00:00:00.000Z'] },
  ],
  compare: [
    { attribute: 'name', kind: 'string', values: ['ba', 'b', 'zz'] },
    { attribute: 'expires_in', kind: 'integer', values: ['7200', '9000', '0'] },
    { attribute: 'created_at', kind: 'datetime', values: ['2020-01-03T00:00:00.000Z', '2019-01-01T00:00:00.000Z'] },
  ],
  like: [{ attribute: 'reference', kind: 'string', values: ['a', 'ALPHA', '%', '_', '\\', 'a_b', 'ë', 'bet', '0%'] }],
  emptiness: ['reference', 'metadata', 'disabled_at', 'custom'].map((attribute, index) => ({
    attribute,
    kind: (['string', 'object', 'datetime', 'boolean'] as const)[index] as FieldKind,
    values: ['true', 'false'],
  })),
  contains: [
    {
      attribute: 'metadata',
      kind: 'object',
      values: [
        '{"tier":1}',
        '{"address":{"city":"Bath"}}',
        '{"tags":["b"]}',
        '{}',
        '{"tier":null}',
        '{"tags":[]}',
        '[]',
      ],
    },
  ],
}
const RAW = ['alpha', 'al%', '%A', 'a_b', '%0\\%', '_____']
const SEVERAL = (values: string[]): string[] => [...values.slice(0, 2), values.slice(0, 3).join(','), values.join(',')]

function casesOf(word: string, predicate: Predicate) {
  return (PLAIN[predicate.operator] ?? []).flatMap(({ attribute, kind, values }) => {
    if (!suits(predicate, kind)) return []
    // An escaped sign of a pattern is tested by itself: the model does not know escapes.
    const plain = predicate.how === 'raw' ? RAW.filter((one) => !one.includes('\\')) : values
    return (predicate.many === undefined ? plain : SEVERAL(plain)).map((value) => ({ word, attribute, value }))
  })
}

const found = async (filters: Record<string, string>, more = ''): Promise<string[]> => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(filters)) query.set(`filter[q][${name}]`, value)
  const { status, body } = await owner.get(`/api_credentials?page[size]=100&${query}${more}`)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body.data.map(({ id }: Body) => id).sort()
}

const expected = (test: (row: Body) => boolean): string[] =>
  rows
    .filter(test)
    .map(({ id }: Body) => id)
    .sort()

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  for (const [index, attributes] of ROWS.entries()) {
    const { id } = await anApplication(service, owner, 'sales_channel', { attributes })
    const created_at = new Date(Date.UTC(2020, 0, index + 1, 0, 0, 0))
    await service.db.knex('api_credentials').where({ id }).update({ created_at })
    if (index % 4 === 0) {
      await owner.patch(`/api_credentials/${id}`, change('api_credentials', id, { _disable: true }))
      await service.db.knex('api_credentials').where({ id }).update({ disabled_at: created_at })
    }
  }
  await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  await anApplication(service, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
  rows = (await owner.get('/api_credentials?page[size]=100&include=role')).body.data
})
afterAll(() => service.stop())

test('the rows are there', () => expect(rows).toHaveLength(ROWS.length + 4))

describe('JA-20 every predicate finds what it means', () => {
  test.each([...PREDICATES.keys()])('%s', async (word) => {
    const predicate = PREDICATES.get(word) as Predicate
    const cases = casesOf(word, predicate)
    expect(cases.length).toBeGreaterThan(0)
    for (const { attribute, value } of cases) {
      const model = expected((row) => meets(predicate, row.attributes[attribute] as Value, value))
      const name = `${attribute}_${word}`
      expect([name, value, await found({ [name]: value })]).toEqual([name, value, model])
    }
  })

  test('all fifty-odd of the contract are there', () => {
    const contract =
      'eq not_eq eq_or_null not_eq_or_null in not_in in_or_null not_in_or_null matches does_not_match matches_any matches_all does_not_match_any does_not_match_all lt lteq gt gteq lt_any lt_all lteq_any lteq_all gt_any gt_all gteq_any gteq_all not_eq_all present blank null not_null start not_start end not_end cont not_cont start_any start_all end_any end_all cont_any cont_all not_start_any not_start_all not_end_any not_end_all not_cont_all jcont true false'
    expect([...PREDICATES.keys()].sort()).toEqual(expect.arrayContaining(contract.split(' ')))
  })

  test('a sign of a pattern may be escaped', async () => {
    expect(await found({ reference_matches: '%\\%' })).toEqual(expected((row) => row.attributes.reference === '100%'))
    expect(await found({ reference_matches: 'a\\_b' })).toEqual(expected((row) => row.attributes.reference === 'a_b'))
  })
})

describe('JA-20 filters combine', () => {
  const of = (word: string): Predicate => PREDICATES.get(word) as Predicate

  test('several: all must hold', async () => {
    const both = await found({ name_start: 'a', expires_in_gt: '7200', reference_not_null: 'true' })
    expect(both).toEqual(
      expected(
        ({ attributes }) => attributes.name.startsWith('a') && attributes.expires_in > 7200 && attributes.reference,
      ),
    )
  })

  test.each([
    ['reference_or_name_cont', 'a', ['reference', 'name'], 'cont'],
    ['name_or_reference_eq_or_null', 'ab', ['name', 'reference'], 'eq_or_null'],
    ['reference_or_reference_origin_or_name_end', 'b', ['reference', 'reference_origin', 'name'], 'end'],
    ['created_at_or_disabled_at_gt', '2020-01-05T00:00:00.000Z', ['created_at', 'disabled_at'], 'gt'],
  ] as const)('names may be combined by or: %s', async (name, value, attributes, word) => {
    expect(await found({ [name]: value })).toEqual(
      expected((row) => attributes.some((one) => meets(of(word), row.attributes[one], value))),
    )
  })

  test('a date alone is midnight UTC, whatever the time zone of the server', async () => {
    const later = expected(({ attributes }) => attributes.created_at > '2020-01-03T00:00:00.000Z')
    for (const value of ['2020-01-03', '2020-01-03T00:00', '2020-01-03T01:00:00+01:00', '2020-01-03T00:00:00.000Z']) {
      expect([value, await found({ created_at_gt: value })]).toEqual([value, later])
    }
  })

  test('relationships are traversed, also by two steps and with or', async () => {
    const roleOf = (row: Body) => row.relationships.role.data?.id
    expect(await found({ role_name_eq: 'Admin' })).toEqual(expected((row) => roleOf(row) === owner.roles.Admin))
    expect(await found({ role_id_in: Object.values(owner.roles).join(',') })).toEqual(expected(roleOf))
    expect(await found({ role_organization_slug_eq: owner.organization.attributes.slug })).toEqual(expected(roleOf))
    expect(await found({ organization_name_or_name_eq: 'aa' })).toEqual(
      expected(({ attributes }) => attributes.name === 'aa'),
    )
    expect(await found({ organization_id_eq: owner.organizationId })).toHaveLength(rows.length)
    expect(await found({ organization_id_eq: 'AAAAAAAAAA' })).toEqual([])
  })

  test('a row without the relationship meets what an empty value meets', async () => {
    const without = (row: Body) => row.relationships.role.data === null
    expect(await found({ role_name_null: 'true' })).toEqual(expected(without))
    expect(await found({ role_name_not_null: 'true' })).toEqual(expected((row) => !without(row)))
    expect(await found({ role_name_eq_or_null: 'Admin' })).toEqual(
      expected((row) => without(row) || row.relationships.role.data.id === owner.roles.Admin),
    )
    expect(await found({ role_name_not_eq: 'Admin' })).toEqual(
      expected((row) => row.relationships.role.data?.id === owner.roles['Read-only']),
    )
  })

  test('filters, sort, pages and count agree', async () => {
    const { body } = await owner.get(
      '/api_credentials?filter[q][kind_eq]=sales_channel&sort=-created_at&page[size]=4&page[number]=2',
    )
    expect(body.meta).toEqual({ record_count: 9, page_count: 3 })
    expect(body.data.map((row: Body) => row.attributes.name)).toEqual(['ca', 'bb', 'ba', 'ab'])
    const { next } = body.links
    expect(new URL(next).searchParams.get('filter[q][kind_eq]')).toBe('sales_channel')
  })
})
