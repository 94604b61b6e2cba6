import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type pg from 'pg'
import { pino } from 'pino'
import { makeDemo } from '../src/commands/demo-world.js'
import { newId } from '../src/ids.js'
import { PREDICATES, suits } from '../src/jsonapi/predicates.js'
import { type CompiledAttribute, can, type Resource } from '../src/jsonapi/registry.js'
import { type Api, api, tokenFor } from './support/api.js'
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

/** What knex tells of each statement. */
interface Told {
  readonly sql: string
  readonly bindings?: readonly unknown[]
  readonly __knexTxId?: string
}

/** Everything that is selected while it is set. */
let heard: Map<string, Statement> | undefined

beforeAll(async () => {
  service = await startService()
  const roles = new Map<string, string>()
  service.db.knex.on('query', ({ sql, bindings = [], __knexTxId: transaction = '' }: Told) => {
    const taken = /set local role (\w+)/.exec(sql)?.[1]
    if (taken !== undefined) roles.set(transaction, taken)
    const role = roles.get(transaction)
    if (role === undefined || bindings.length === 0 || !/^\s*(select|with)\b/i.test(sql)) return
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
  readonly 'Index Cond'?: string
  readonly Plans?: readonly Node[]
}

const nodes = (plan: Node): Node[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

/** Tables that a plan reads from end to end: by a sequential scan, or through an index without a condition. */
async function wholeTables({ sql, bindings, role }: Statement): Promise<string[]> {
  const rows = await service.db.knex.transaction(async (trx) => {
    await trx.raw(
      `set local enable_seqscan = off; set local role ${role}; select set_config('app.organization_ids', '${organizationId}', true)`,
    )
    // The driver itself: the text has its numbered bindings already.
    const client: pg.Client = await trx.client.acquireConnection()
    const answer = await client.query(`explain (format json) ${sql}`, [...bindings])
    return answer.rows as { 'QUERY PLAN': { Plan: Node }[] }[]
  })
  const plans = rows.flatMap((row) => row['QUERY PLAN'].map(({ Plan }) => Plan))
  return plans
    .flatMap(nodes)
    .filter((node) => node['Relation Name'] !== undefined && !node['Node Type'].includes('Bitmap Heap'))
    .filter((node) => node['Node Type'] === 'Seq Scan' || node['Index Cond'] === undefined)
    .map((node) => `${node['Node Type']} on ${node['Relation Name']}`)
}

/** What the service selects while it answers a path. */
async function statementsOf(path: string): Promise<Statement[]> {
  heard = new Map()
  const { status, body } = await owner.get(path)
  // What activity has noted is written beside the requests, now and then.
  const found = [...heard.values()].filter(({ sql }) => !sql.startsWith('with v as (select * from unnest('))
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
