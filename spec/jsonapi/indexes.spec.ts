import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Database } from '../../src/db/connect.js'
import { can, type Resource } from '../../src/jsonapi/registry.js'
import { compileResources } from '../../src/resources/index.js'
import { specDatabase } from '../support/database.js'

// A list must not read a whole organization to find or order what was asked for. docs/filters.md says the same to users.

/** What can be filtered or sorted by and has no index of its own, and why. */
const FLAG = 'a flag of what an organization has some hundred of: half of the rows match anyway'
const LONG = 'a text that may be longer than an entry of an index can be'
const JUSTIFIED: Readonly<Record<string, string>> = {
  'api_credentials.confidential': FLAG,
  'api_credentials.custom': FLAG,
  'api_credentials.redirect_uri': LONG,
  'api_credentials.scopes': LONG,
  'customers.status': 'computed of disabled_at and can_sign_in, which have an index each: filter by those',
  'permissions.can_create': FLAG,
  'permissions.can_destroy': FLAG,
  'permissions.can_read': FLAG,
  'permissions.can_update': FLAG,
}

/** Whole types. */
const FEW: Readonly<Record<string, string>> = {
  organizations: 'found by the ids of those in which the caller stands: a person has a handful, a machine one',
}

/** Kinds of value that no index serves here, and why. */
const UNSERVED: Readonly<Record<string, string>> = {
  object: 'containment (@>) is no leakproof operator: PostgreSQL evaluates it after row security, row by row',
}

const registry = compileResources({ domain: 'gatehouse.test' })
const listed = [...registry.resources.values()].filter(({ definition }) => definition.verbs.list === true)

let db: Database
/** Leading columns of the valid indexes that cover all rows, by table. */
const indexes = new Map<string, string[][]>()

beforeAll(async () => {
  db = await specDatabase()
  const { rows } = await db.knex.raw<{ rows: { table: string; columns: string[] }[] }>(`
    select c.relname as table, array(select pg_get_indexdef(i.indexrelid, n, true) from generate_series(1, i.indnkeyatts) n) as columns
    from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = 'public'::regnamespace and i.indisvalid and i.indpred is null`)
  for (const { table, columns } of rows) indexes.set(table, [...(indexes.get(table) ?? []), columns])
})
afterAll(() => db.close())

interface Used {
  readonly path: string
  readonly column: string
  readonly kind: string
}

/** Columns that a list can be filtered or ordered by. */
function usedColumns({ name, attributes, relationships }: Resource): Used[] {
  const used = [...attributes.values()].filter((one) => can(one, 'filter') || can(one, 'sort'))
  const keys = [...relationships.values()].filter((one) => !one.many && can(one, 'filter'))
  return [
    ...used.map(({ name: attribute, kind, options: { from } }) => {
      const sql = typeof from === 'function' ? from({ domain: '' }) : from
      const isColumn = sql === undefined || /^[a-z_]+$/.test(sql)
      return { path: `${name}.${attribute}`, column: isColumn ? (sql ?? attribute) : '', kind }
    }),
    ...keys.map((one) => ({ path: `${name}.${one.name}`, column: one.options.key, kind: 'string' })),
  ]
}

const isServed = ({ guarded }: Resource, { column }: Used): boolean =>
  (indexes.get(guarded.table) ?? []).some(([first, second]) => {
    return first === column || (first === guarded.tenant && second === column)
  })

test('everything that a list can be filtered or sorted by has its index, or stands on a list with the reason', () => {
  const lacking = listed
    .filter(({ name }) => !(name in FEW))
    .flatMap((one) => usedColumns(one).filter((used) => !(used.kind in UNSERVED) && !isServed(one, used)))
  expect(lacking.map(({ path }) => path).sort()).toEqual(Object.keys(JUSTIFIED).sort())
  expect(listed.flatMap(usedColumns).length).toBeGreaterThan(120)
})

test('a type without an index of its own is not forgotten: the reasons name types that are listed', () => {
  expect(Object.keys(FEW).filter((name) => !listed.some((one) => one.name === name))).toEqual([])
  const objects = listed.flatMap(usedColumns).filter(({ kind }) => kind in UNSERVED)
  expect(new Set(objects.map(({ column }) => column))).toEqual(new Set(['metadata', 'restrictions']))
})
