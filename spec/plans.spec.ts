import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type pg from 'pg'
import { pino } from 'pino'
import { makeDemo } from '../src/commands/demo-world.js'
import { newId } from '../src/ids.js'
import { PREDICATES, suits } from '../src/jsonapi/predicates.js'
import { type CompiledAttribute, can, type Resource } from '../src/jsonapi/registry.js'
import { type Api, anOwner, api, tokenFor } from './support/api.js'
import { hearQueries } from './support/queries.js'
import { startRealService } from './support/real-service.js'
import { type Service, startService } from './support/service.js'

// What a list, a filter, an order and an include ask of the database, as the service asks it, explained. The tables are
// almost empty, where reading all of one is right; so reading all is made dear (enable_seqscan = off), and a plan that
// still does so has no other way. That a plan is good with many rows is measured in bench/growth, not here.

/** The statements of some hundred requests: on a busy machine that takes its time. */
const LONG_MS = 60_000

let service: Service
let owner: Api
let organizationId: string

interface Statement {
  readonly sql: string
  readonly bindings: readonly unknown[]
  /** As whom it is asked. */
  readonly role: string
}

/** Everything that is selected while it is set. */
let heard: Map<string, Statement> | undefined

beforeAll(async () => {
  service = await startService()
  const roles = new Map<string | undefined, string>()
  hearQueries(service.db, ({ sql, bindings = [], __knexTxId: transaction }) => {
    const isLock = sql.startsWith("select set_config('role'")
    const taken = isLock ? String(bindings[0]) : /set local role (\w+)/.exec(sql)?.[1]
    if (taken !== undefined) roles.set(transaction, taken)
    // What is asked outside a transaction is asked as the role of its connection.
    const role = transaction === undefined ? 'gatehouse_auth' : roles.get(transaction)
    if (role === undefined || isLock || bindings.length === 0 || !/^\s*(select|with)\b/i.test(sql)) return
    heard?.set(`${role} ${sql}`, { sql, bindings, role })
  })
  const options = { config: service.config, db: service.db, log: pino({ level: 'silent' }) }
  const demo = await makeDemo(options, `-${newId().toLowerCase()}`)
  organizationId = demo.organization.id
  const { client_id: clientId, client_secret: clientSecret } = demo.owner
  owner = api(service, await tokenFor(service, { clientId, clientSecret }))
}, LONG_MS)
afterAll(() => service.stop())

interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Plans?: readonly Node[]
}

const nodes = (plan: Node): Node[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

// A bitmap is read by a condition or not at all. Through an index a table can also be read from end to end, in its order, and
// among the few rows of a spec the statistics of the moment would decide whether it is.
const DEAR = ['seqscan', 'indexscan', 'indexonlyscan'].map((kind) => `set local enable_${kind} = off`).join('; ')

/** The nodes of a statement's plan, where reading all of a table is dear; among rows that `crowd` adds for its sake. */
async function plansOf({ sql, bindings, role }: Statement, crowd?: string): Promise<Node[]> {
  let rows: { 'QUERY PLAN': { Plan: Node }[] }[] = []
  await service.db.knex.transaction(async (trx) => {
    if (crowd !== undefined) await trx.raw(`set local session_replication_role = replica; ${crowd}`)
    await trx.raw(
      `${DEAR}; set local role ${role}; select set_config('app.organization_ids', '${organizationId}', true)`,
    )
    // The driver itself: the text has its numbered bindings already.
    const client: pg.Client = await trx.client.acquireConnection()
    rows = (await client.query(`explain (format json) ${sql}`, [...bindings])).rows
    if (crowd !== undefined) await trx.rollback()
  })
  return rows.flatMap((row) => row['QUERY PLAN'].map(({ Plan }) => Plan)).flatMap(nodes)
}

/** Tables that a plan reads from end to end: by a sequential scan, or through an index without a condition. */
async function wholeTables(statement: Statement): Promise<string[]> {
  return (await plansOf(statement))
    .filter((node) => node['Relation Name'] !== undefined && !node['Node Type'].includes('Bitmap Heap'))
    .filter((node) => node['Node Type'] === 'Seq Scan' || node['Index Cond'] === undefined)
    .map((node) => `${node['Node Type']} on ${node['Relation Name']}`)
}

/** Asks again for a while where no token can be checked: the embedded engine has one connection, and a crowd that is made
 *  on a slow machine keeps it from the news of revocations. */
async function answered(path: string): Promise<{ status: number; body: unknown }> {
  for (let tries = 1; ; tries += 1) {
    heard = new Map()
    const { status, body } = await owner.get(path)
    if (status !== 503 || tries === 20) return { status, body }
    await sleep(500)
  }
}

/** What the service selects while it answers a path. */
async function statementsOf(path: string): Promise<Statement[]> {
  const { status, body } = await answered(path)
  // What activity has noted is written beside the requests, now and then.
  const found = [...(heard?.values() ?? [])].filter(({ sql }) => !sql.startsWith('with v as (select * from unnest('))
  heard = undefined
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
  return found
}

async function expectIndexes(paths: readonly string[]): Promise<void> {
  const read: string[] = []
  let explained = 0
  for (const path of paths) {
    for (const statement of await statementsOf(path)) {
      explained += 1
      for (const table of await wholeTables(statement)) read.push(`${path}: ${table}: ${statement.sql.slice(0, 200)}`)
    }
  }
  expect(read).toEqual([])
  expect(explained).toBeGreaterThan(0)
}

const VALUES: Readonly<Record<string, string>> = {
  datetime: '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  integer: '1',
  number: '1',
  boolean: 'true',
  string: 'abc',
  object: '{"a":1}',
}

/** A comparison that suits a field, and whether it is empty. */
function filtersOf({ name, kind, values }: CompiledAttribute): string[] {
  const compared = ['eq', 'gteq', 'true', 'jcont'].find((predicate) => {
    const known = PREDICATES.get(predicate)
    return known !== undefined && suits(known, kind)
  })
  const value = compared === 'true' ? 'true' : (values?.[0] ?? VALUES[kind] ?? 'abc')
  const asked = `filter[q][${name}_${compared}]=${encodeURIComponent(value)}`
  return compared === undefined ? [] : [asked, `filter[q][${name}_null]=true`]
}

const listed = (): Resource[] =>
  [...service.parts.registry.resources.values()].filter(
    ({ definition }) => definition.verbs.list === true && definition.tenant === 'organization_id',
  )

describe('reads a tenant table by an index', () => {
  test(
    'every list',
    async () => {
      const types = listed()
      expect(types.length).toBeGreaterThan(10)
      await expectIndexes(types.map(({ name }) => `/${name}?page[size]=5`))
    },
    LONG_MS,
  )

  test(
    'every order',
    async () => {
      const paths = listed().flatMap(({ name, attributes }) =>
        [...attributes.values()].filter((one) => can(one, 'sort')).map((one) => `/${name}?sort=-${one.name}`),
      )
      await expectIndexes(paths)
    },
    LONG_MS,
  )

  test(
    'every filter',
    async () => {
      const paths = listed().flatMap(({ name, attributes }) =>
        [...attributes.values()]
          .filter((one) => can(one, 'filter'))
          .flatMap((one) => filtersOf(one).map((filter) => `/${name}?${filter}`)),
      )
      await expectIndexes(paths)
    },
    LONG_MS,
  )

  // Among so many rows that it matters: eight ways of writing three letters are eight ranges, and with few rows it would be a
  // matter of what other specs left whether all of the organization's are cheaper. Gone again with the transaction that explains.
  const CROWD = 12_000
  const CROWDS = {
    memberships: `insert into memberships (organization_id, id, role_id, user_email, reference, shown_access_scope, created_at, updated_at)
      select organization_id, 'Crowd' || n, role_id, 'person-' || n || '@example.com', 'Ref-' || n, 'all_access', now(), now()
      from memberships, generate_series(1, ${CROWD}) n where owner and organization_id = ?; analyze memberships;`,
    customers: `insert into customers (organization_id, id, email, reference, created_at, updated_at)
      select id, 'Crowd' || n, 'person-' || n || '@example.com', 'Ref-' || n, now(), now()
      from organizations, generate_series(1, ${CROWD}) n where id = ?; analyze customers;`,
  }
  test.each([
    ['memberships', 'user_email_start', 'Person-77', 'user_email'],
    ['memberships', 'user_email_start_any', 'person-77,person-88', 'user_email'],
    ['memberships', 'user_email_matches', 'person-77%25@%25', 'user_email'],
    ['memberships', 'reference_start', 'ref-77', 'reference'],
    ['customers', 'email_start', 'PERSON-77', 'email'],
    ['customers', 'reference_start', 'REF-77', 'reference'],
  ] as const)(
    '%s by %s: no more of them than begin so',
    async (type, filter, value, column) => {
      const asked = (await statementsOf(`/${type}?filter[q][${filter}]=${value}`)).filter(({ sql }) => /like/.test(sql))
      expect(asked).toHaveLength(1)
      const crowd = CROWDS[type].replace('?', `'${organizationId}'`)
      const plans = await Promise.all(asked.map((statement) => plansOf(statement, crowd)))
      const used = plans.flat().filter((node) => node['Index Name']?.startsWith(type))
      const range = new RegExp(`\\b${column}\\)?(::text)? >= `)
      expect(used.filter((node) => !range.test(node['Index Cond'] ?? ''))).toEqual([])
      expect(used.length).toBeGreaterThan(0)
    },
    LONG_MS,
  )

  test.each(['memberships', 'customers'] as const)(
    '%s from a cursor on: no more of them than are behind it',
    async (type) => {
      const at = ['-created_at,-id', '2026-01-01T00:00:00.000Z', 'AAAAAAAAAA']
      const cursor = Buffer.from(JSON.stringify(at)).toString('base64url')
      const asked = await statementsOf(`/${type}?sort=-created_at&page[after]=${cursor}`)
      const crowd = CROWDS[type].replace('?', `'${organizationId}'`)
      const plans = await Promise.all(
        asked.filter(({ sql }) => / < \(/.test(sql)).map((statement) => plansOf(statement, crowd)),
      )
      const used = plans.flat().filter((node) => node['Index Name']?.startsWith(type))
      expect(used.map((node) => node['Index Cond'])).toEqual([
        expect.stringMatching(/\bROW\((\w+\.)?created_at, \(?(\w+\.)?id\)?(::text)?\) < ROW/),
      ])
    },
    LONG_MS,
  )

  test(
    'every filter by what is related',
    async () => {
      const paths = listed().flatMap(({ name, relationships }) =>
        [...relationships.values()]
          .filter((one) => can(one, 'filter') && !one.many)
          .map((one) => `/${name}?filter[q][${one.name}_id_eq]=${newId()}`),
      )
      await expectIndexes(paths)
    },
    LONG_MS,
  )

  test(
    'every include',
    async () => {
      const paths = listed().flatMap(({ name, relationships }) =>
        [...relationships.values()].filter((one) => can(one, 'read')).map((one) => `/${name}?include=${one.name}`),
      )
      await expectIndexes(paths)
    },
    LONG_MS,
  )

  test('and this suite would tell one that is not', async () => {
    // A role whose row security lets it see every organization's rows, and a question that names none.
    const sql = 'select id from memberships where user_first_name = $1'
    expect(await wholeTables({ sql, bindings: ['Ada'], role: 'gatehouse_auth' })).not.toEqual([])
  })
})

test(
  'a page and what it includes are planned once, not each time that they are asked for',
  async () => {
    const real = await startRealService(1)
    const ours = await anOwner(real)
    await real.db.knex.raw(
      `insert into merchants (organization_id, id, name, created_at, updated_at)
        select ?, translate(lpad(n::text, 10, '0'), '0123456789', 'abcdefghij'), 'Merchant', now(), now() from generate_series(1, 5000) n`,
      [ours.organizationId],
    )
    await real.db.knex.raw('analyze merchants')
    for (let times = 0; times < 12; times += 1)
      expect((await ours.get('/merchants?include=organization')).status).toBe(200)
    const { rows } = await real.db.knex.raw(`select statement, generic_plans from pg_prepared_statements
      where statement like '%limit%' or statement like '%= any(%'`)
    expect(rows).toHaveLength(2)
    for (const { generic_plans: times } of rows) expect(Number(times)).toBeGreaterThan(0)
    await real.stop()
  },
  LONG_MS,
)
