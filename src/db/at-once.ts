import type { Knex } from 'knex'
import { allOf, type Statement } from './begins.js'
import { SET_AUTH } from './roles.js'
import { traced } from './transaction.js'

interface Answer {
  readonly response: { readonly rows: unknown[] }
}

/** What is used of knex's client: a transaction's has one connection and does not let it go. */
interface Client {
  acquireConnection(): Promise<object>
  releaseConnection(connection: object): Promise<void>
  query(connection: object, statement: Statement): Promise<Answer>
}

/** As each transaction of `gatehouse_auth` begins: see db/begins.ts. */
const OPENING: readonly Statement[] = [{ sql: 'BEGIN;' }, { sql: SET_AUTH, options: { prologue: true } }]

async function wholeTransaction(client: Client, connection: object, statement: Statement): Promise<Answer> {
  // All goes out before anything is answered. Where the statement fails, its commit is a rollback.
  const statements = [...OPENING, statement, { sql: 'COMMIT;' }]
  const answers = statements.map((one) => client.query(connection, { ...one }))
  await allOf(answers)
  return answers[OPENING.length] as Promise<Answer>
}

const acting = new WeakSet<object>()
const ready = new WeakSet<object>()

/** Lets every connection of a knex act as `gatehouse_auth` for good, which spares each statement the three that set and end
 *  a role of its own. Nothing else may be asked there. */
export function actAsAuth({ client }: Knex): void {
  acting.add(client)
}

const bare = (client: Client, connection: object, statement: Statement): Promise<Answer> =>
  client.query(connection, { ...statement })

async function alone(client: Client, connection: object, statement: Statement): Promise<Answer> {
  // Waited for: what comes after a role that could not be set would run as the owner of all.
  if (!ready.has(connection)) await client.query(connection, { sql: 'set role gatehouse_auth' })
  ready.add(connection)
  return bare(client, connection, statement)
}

/** Runs one statement as `gatehouse_auth` in a transaction of its own, in one round trip; in that of the caller, as who the
 *  caller is, if there is one already. `bindings` by name or in order. Its commit is not bounded by `TRANSACTION_MS`: not for
 *  what others read by age, such as revocations.  @returns its rows */
export function atOnce<Row>(
  knex: Knex,
  sql: string,
  bindings: Readonly<Record<string, unknown>> | readonly unknown[],
): Promise<Row[]> {
  const statement = knex.raw(sql, bindings as Knex.RawBinding).toSQL()
  const client = knex.client as Client
  const send = knex.isTransaction ? bare : acting.has(client) ? alone : wholeTransaction
  return traced(async () => {
    const connection = await client.acquireConnection()
    try {
      const { response } = await send(client, connection, statement)
      return response.rows as Row[]
    } finally {
      await client.releaseConnection(connection)
    }
  })
}
