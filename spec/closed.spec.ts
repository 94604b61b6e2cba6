import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Database } from '../src/db/connect.js'
import { can } from '../src/jsonapi/registry.js'
import { compileResources } from '../src/resources/index.js'
import { specDatabase } from './support/database.js'

interface Column {
  readonly table: string
  readonly column: string
  readonly readable: boolean
}
interface Constraint {
  readonly table: string
  readonly name: string
  readonly kind: 'p' | 'u' | 'f' | 'c' | 'x'
  readonly columns: string[]
  readonly target: string | null
  readonly targetColumns: string[] | null
}

/** Tables with an organization_id that are no tenant's data, and why. The api role may add a row and do nothing else. */
const WRITE_ONLY: Readonly<Record<string, string>> = {
  outbox: 'mail on its way out, sealed; read by the jobs alone',
  slugs: 'every slug ever used, so that none is used twice; nobody reads it but its primary key',
}

/** Columns that hold a secret, however kept. A new one is recognised by its name; `has_…` only says that there is one, `…_url` where one is got. */
const SECRET = /^(?!has_)(?!.*_url$)(.*_)?(hash|password|secret|token|private_key|payload)(_|$)/
const NAMED = ['hash', 'password_hash', 'secret_hash', 'invitation_token_hash', 'private_key', 'payload']

const registry = compileResources({ domain: 'gatehouse.test' })
const guards = [...registry.guards.values()]
const resources = [...registry.resources.values()]

let db: Database
let columns: Column[]
let constraints: Constraint[]
let tables: string[]

async function rows<T>(sql: string): Promise<T[]> {
  const answer = await db.knex.raw<{ rows: T[] }>(sql)
  return answer.rows
}

beforeAll(async () => {
  db = await specDatabase()
  columns = await rows<Column>(`
    select c.relname as table, a.attname as column, has_column_privilege('gatehouse_api', c.oid, a.attnum, 'select') as readable
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped`)
  // Names of the server's own making for "not null" (PostgreSQL 18) are no constraints that anybody could name.
  constraints = await rows<Constraint>(`
    select c.relname as table, k.conname as name, k.contype as kind, f.relname as target,
      array(select a.attname::text from unnest(k.conkey) with ordinality u (n, i) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.n order by u.i) as columns,
      array(select a.attname::text from unnest(k.confkey) with ordinality u (n, i) join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.n order by u.i) as "targetColumns"
    from pg_constraint k join pg_class c on c.oid = k.conrelid left join pg_class f on f.oid = k.confrelid
    where c.relnamespace = 'public'::regnamespace and k.contype in ('p', 'u', 'f', 'c', 'x')`)
  tables = [...new Set(columns.map(({ table }) => table))].sort()
})
afterAll(() => db.close())

const ours = (table: string): boolean => !table.startsWith('knex_')
const tenantTables = (): string[] =>
  tables.filter(
    (table) =>
      table === 'organizations' || columns.some((one) => one.table === table && one.column === 'organization_id'),
  )

describe('DESIGN 3.6 every tenant table is locked', () => {
  test('row security is enabled, forced, and lets the api role at its own organizations only', async () => {
    const locked = await rows<{ table: string; enabled: boolean; forced: boolean; policies: string[] }>(`
      select c.relname as table, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
        array(select p.polname || ' using ' || coalesce(pg_get_expr(p.polqual, c.oid), '') || ' check ' || coalesce(pg_get_expr(p.polwithcheck, c.oid), '')
          from pg_policy p where p.polrelid = c.oid and 'gatehouse_api'::regrole = any (p.polroles) or p.polrelid = c.oid and '0' = any (p.polroles)) as policies
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`)
    const expected = tenantTables().filter((table) => !(table in WRITE_ONLY))
    expect(expected).toContain('api_credential_secrets')
    const found = locked.filter(({ table }) => expected.includes(table))
    const key = (table: string): string => (table === 'organizations' ? 'id' : 'organization_id')
    const mine = (table: string): string =>
      `((${key(table)} = ( SELECT first_tenant_id() AS first_tenant_id)) OR ((( SELECT tenant_id_set() AS tenant_id_set) -> ${key(table)}) IS NOT NULL))`
    expect(found.sort((a, b) => (a.table < b.table ? -1 : 1))).toEqual(
      expected.map((table) => ({
        table,
        enabled: true,
        forced: true,
        policies: [`tenant using ${mine(table)} check ${mine(table)}`],
      })),
    )
  })

  test('a table with organization_id and without that lock can be added to and nothing else', async () => {
    for (const table of Object.keys(WRITE_ONLY)) {
      const [rights] = await rows<Record<string, boolean>>(`
        select has_any_column_privilege('gatehouse_api', '${table}', 'select') as read, has_any_column_privilege('gatehouse_api', '${table}', 'update') as change,
          has_table_privilege('gatehouse_api', '${table}', 'delete') as remove, has_table_privilege('gatehouse_api', '${table}', 'truncate') as empty`)
      expect({ table, ...rights }).toEqual({ table, read: false, change: false, remove: false, empty: false })
    }
  })

  test('the api role can neither log in nor pass by row security, and owns nothing', async () => {
    const [role] = await rows(
      `select rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = 'gatehouse_api'`,
    )
    expect(role).toEqual({
      rolcanlogin: false,
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
    })
    expect(await rows(`select relname from pg_class where relowner = 'gatehouse_api'::regrole`)).toEqual([])
  })

  test('every guarded tenant is a column of the locked table', () => {
    for (const { subject, table, tenant } of guards.filter(({ tenant: kind }) => kind !== 'user')) {
      expect({ subject, table: tenantTables().includes(table) && !(table in WRITE_ONLY) }).toEqual({
        subject,
        table: true,
      })
      expect(columns.some((one) => one.table === table && one.column === tenant)).toBe(true)
    }
  })
})

describe('DESIGN 3.6 a secret column is neither readable, filterable, sortable nor versioned', () => {
  const secretColumns = (): Column[] => columns.filter(({ table, column }) => ours(table) && SECRET.test(column))

  test('the columns that we know to be secret are recognised by name', () => {
    expect(NAMED.filter((name) => !secretColumns().some(({ column }) => column === name))).toEqual([])
  })

  test('the database grants none of them to the api role', () => {
    expect(secretColumns().filter(({ readable }) => readable)).toEqual([])
  })

  test('no definition shows one: neither as a column, nor through SQL', () => {
    const shown = guards.flatMap(({ subject, columns: own }) => own.map((column) => ({ subject, ...column })))
    const secret = [...new Set(secretColumns().map(({ column }) => column))]
    const leaks = shown.filter(({ name, sql }) =>
      secret.some((word) => new RegExp(`\\b${word}\\b`).test(`${name} ${sql ?? ''}`)),
    )
    expect(leaks).toEqual([])
    expect(shown.filter(({ name }) => SECRET.test(name))).toEqual([])
  })

  test('every column that a definition shows is there, and granted', () => {
    const missing = guards.flatMap(({ subject, table, columns: own }) =>
      own
        .filter(
          ({ name, sql }) =>
            sql === undefined && !columns.some((one) => one.table === table && one.column === name && one.readable),
        )
        .map(({ name }) => `${subject}.${name}`),
    )
    expect(missing).toEqual([])
  })

  test('an attribute that is shown once stands in no column and can be used for nothing else', () => {
    const once = resources.flatMap(({ name, attributes }) =>
      [...attributes.values()].filter(({ options }) => options.once).map((one) => ({ resource: name, ...one })),
    )
    expect(once.map(({ resource, name }) => `${resource}.${name}`)).toContain('api_credentials.client_secret')
    for (const { stored, options } of once)
      expect({ stored, can: options.can }).toEqual({ stored: false, can: ['read'] })
  })

  test('what can be filtered or sorted by can be read: anything else would be an oracle', () => {
    const fields = resources.flatMap(({ name, attributes, relationships }) =>
      [...attributes.values(), ...relationships.values()].map((field) => ({ path: `${name}.${field.name}`, field })),
    )
    const oracles = fields.filter(({ field }) => (can(field, 'filter') || can(field, 'sort')) && !can(field, 'read'))
    expect(oracles.map(({ path }) => path)).toEqual([])
    expect(fields.filter(({ field }) => can(field, 'filter')).length).toBeGreaterThan(30)
  })
})

describe('DESIGN 4 migrations', () => {
  test('a foreign key between tenant tables begins with organization_id on both sides', () => {
    const tenants = tenantTables()
    const keys = constraints.filter(
      ({ kind, table, target }) =>
        kind === 'f' && tenants.includes(table) && target !== null && tenants.includes(target),
    )
    expect(keys.length).toBeGreaterThan(5)
    const single = keys.filter(({ columns: own, target, targetColumns }) => {
      const far = target === 'organizations' ? 'id' : 'organization_id'
      return own[0] !== 'organization_id' || targetColumns?.[0] !== far
    })
    expect(single).toEqual([])
  })

  test('every constraint has a name that says what it is about, not one that PostgreSQL made up', () => {
    const made = ({ table, name, kind, columns: own }: Constraint): boolean => {
      if (kind === 'p') return name !== `${table}_pkey`
      if (kind === 'f') return !name.endsWith('_fkey') || new RegExp(`^${table}_${own.join('_')}_fkey\\d*$`).test(name)
      if (kind === 'u') return !name.endsWith('_uq')
      return /_(check|excl|key)\d*$/.test(name)
    }
    expect(
      constraints.filter((one) => ours(one.table) && made(one)).map(({ table, name }) => `${table}: ${name}`),
    ).toEqual([])
  })

  test('every table has a primary key and a comment', async () => {
    const keyed = new Set(constraints.filter(({ kind }) => kind === 'p').map(({ table }) => table))
    const commented = await rows<{ table: string }>(`
      select c.relname as table from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and obj_description(c.oid, 'pg_class') <> ''`)
    const known = new Set(commented.map(({ table }) => table))
    expect(tables.filter((table) => ours(table) && !(keyed.has(table) && known.has(table)))).toEqual([])
    expect(tables.filter(ours).length).toBeGreaterThan(12)
  })

  test('a tenant table has its organization first in its primary key', () => {
    const tenants = tenantTables().filter((table) => table !== 'organizations' && !(table in WRITE_ONLY))
    const keys = constraints.filter(({ kind, table }) => kind === 'p' && tenants.includes(table))
    expect(keys.filter(({ columns: own }) => own[0] !== 'organization_id').map(({ table }) => table)).toEqual([])
    expect(keys).toHaveLength(tenants.length)
  })
})
