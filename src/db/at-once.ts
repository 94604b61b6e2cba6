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
  return traced(async () => {
    const connection = await client.acquireConnection()
    try {
      const { response } = await (knex.isTransaction
        ? client.query(connection, { ...statement })
        : wholeTransaction(client, connection, statement))
      return response.rows as Row[]
    } finally {
      await client.releaseConnection(connection)
    }
  })
}
