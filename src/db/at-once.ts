import type { Knex } from 'knex'
import { inStep } from '../in-step.js'
import { allOf, type Statement } from './begins.js'
import type { Client } from './queries.js'
import { SET_AUTH } from './roles.js'
import { traced } from './transaction.js'

/** By name or in order. Values only: the text of a statement is compiled once. */
type Bindings = Readonly<Record<string, unknown>> | readonly unknown[]

interface Compiled {
  readonly sql: string
  /** In the order of their places. */
  readonly names: readonly string[]
}

const MOST_COMPILED = 500
const compiled = new Map<string, Compiled>()

/** Has knex find the places of names in a text: once, because that costs more than the rest of a statement. */
function compile(knex: Knex, sql: string, bindings: Readonly<Record<string, unknown>>): Compiled {
  const known = compiled.get(sql)
  if (known !== undefined) return known
  const itself = Object.fromEntries(Object.keys(bindings).map((name) => [name, name]))
  const { sql: text, bindings: names } = knex.raw(sql, itself).toSQL()
  const made = { sql: text, names: names as readonly string[] }
  if (compiled.size >= MOST_COMPILED) compiled.clear()
  compiled.set(sql, made)
  return made
}

function inOrder(knex: Knex, sql: string, named: Readonly<Record<string, unknown>>): Statement {
  const { sql: text, names } = compile(knex, sql, named)
  return { sql: text, bindings: names.map((name) => named[name]) }
}

function statementOf(knex: Knex, sql: string, bindings: Bindings): Statement {
  const statement = Array.isArray(bindings)
    ? { sql, bindings }
    : inOrder(knex, sql, bindings as Record<string, unknown>)
  // The driver would make it null, which means something.
  if (statement.bindings?.includes(undefined)) throw new Error(`a value is undefined: ${sql}`)
  return statement
}

/** As each transaction of `gatehouse_auth` begins: see db/begins.ts. */
const OPENING: readonly Statement[] = [{ sql: 'BEGIN;' }, { sql: SET_AUTH, options: { prologue: true } }]

async function wholeTransaction(client: Client, connection: object, statement: Statement): Promise<Statement> {
  // All goes out before anything is answered. Where the statement fails, its commit is a rollback.
  const statements = [...OPENING, statement, { sql: 'COMMIT;' }]
  const answers = statements.map((one) => client.query(connection, { ...one }))
  await allOf(answers)
  return answers[OPENING.length] as Promise<Statement>
}

const acting = new WeakMap<object, Client>()
const ready = new WeakSet<object>()

/** Has what `atOnce` asks of a knex asked of `another` (or itself) instead, whose connections act as `gatehouse_auth` for
 *  good, which spares each statement the three that set and end a role of its own. Nothing else may be asked there. */
export function actAsAuth(knex: Knex, another: Knex): void {
  acting.set(knex.client, another.client)
}

async function alone(client: Client, connection: object, statement: Statement): Promise<Statement> {
  // Waited for: what comes after a role that could not be set would run as the owner of all.
  if (!ready.has(connection)) await client.query(connection, { sql: 'set role gatehouse_auth' })
  ready.add(connection)
  return client.query(connection, { ...statement })
}

/** Runs one statement as `gatehouse_auth` in a transaction of its own, in one round trip. Its commit is not bounded by `TRANSACTION_MS`: not for
 *  what others read by age, such as revocations.  @returns its rows */
export function atOnce<Row>(knex: Knex, sql: string, bindings: Bindings): Promise<Row[]> {
  const statement = statementOf(knex, sql, bindings)
  const standing = acting.get(knex.client)
  const client = standing ?? (knex.client as Client)
  const send = standing === undefined ? wholeTransaction : alone
  return traced(async () => {
    const connection = await client.acquireConnection()
    try {
      const { response } = await send(client, connection, statement)
      return (response as { rows: Row[] }).rows
    } finally {
      await client.releaseConnection(connection)
      await inStep()
    }
  })
}
