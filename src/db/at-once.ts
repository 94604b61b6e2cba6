import type { Knex } from 'knex'
import type { Statement } from './begins.js'
import { traced } from './transaction.js'

/** What is used of knex's client: a transaction's has one connection and does not let it go. */
interface Client {
  acquireConnection(): Promise<object>
  releaseConnection(connection: object): Promise<void>
  query(connection: object, statement: Statement): Promise<{ response: { rows: unknown[] } }>
}

/** As each transaction of `gatehouse_auth` begins: see db/begins.ts. */
const OPENING: readonly Statement[] = [
  { sql: 'BEGIN;' },
  { sql: 'set local role gatehouse_auth', options: { prologue: true } },
]

async function wholeTransaction(client: Client, connection: object, statement: Statement): Promise<unknown[]> {
  // All goes out before anything is answered. Where the statement fails, its commit is a rollback.
  const answers = [...OPENING, statement, { sql: 'COMMIT;' }].map((one) => client.query(connection, { ...one }))
  const failed = (await Promise.allSettled(answers)).find((answer) => answer.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  const { response } = (await answers[OPENING.length]) as { response: { rows: unknown[] } }
  return response.rows
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
      if (!knex.isTransaction) return (await wholeTransaction(client, connection, statement)) as Row[]
      return (await client.query(connection, { ...statement })).response.rows as Row[]
    } finally {
      await client.releaseConnection(connection)
    }
  })
}
