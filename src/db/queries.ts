import type { Knex } from 'knex'
import type { Statement } from './begins.js'

/** One transaction, from db/transaction.ts: what is asked here is part of it, and nothing can be asked when it has ended.
 *  Queries are built as knex builds them. */
export interface Transaction {
  // biome-ignore lint/suspicious/noExplicitAny: as knex has it, whose builders begin without the type of a row
  <Row extends object = any>(table: string): Knex.QueryBuilder<Row>
  readonly raw: Knex.RawBuilder
  readonly select: Knex['select']
  readonly from: Knex['from']
  /** Runs a text that has a place (`?`) for each value, as it stands: nothing is built, nothing read out of it.
   *  @returns its rows */
  ask<Row>(sql: string, values: readonly unknown[], options?: Statement['options']): Promise<Row[]>
  /** knex' client for it, with its one connection. */
  readonly client: Client
}

/** What is used of knex' client. */
export interface Client {
  acquireConnection(): Promise<object>
  releaseConnection(connection: object): Promise<void>
  query(connection: object, statement: Statement): Promise<Statement>
  queryBuilder(): Knex.QueryBuilder
  raw(...args: readonly unknown[]): Knex.Raw
}

/** The transaction of a client that has one connection and does not let it go. knex would make a whole knex for it, of
 *  some hundred functions. */
export function queriesOf(client: Client): Transaction {
  const begin = (): Knex.QueryBuilder => client.queryBuilder()
  const asks = {
    client,
    raw: (...args: unknown[]) => client.raw(...args),
    select: (...columns: string[]) => begin().select(...columns),
    from: (table: string) => begin().from(table),
    async ask(sql: string, values: readonly unknown[], options: Statement['options'] = {}) {
      const { response } = await client.query(await client.acquireConnection(), { sql, bindings: values, options })
      return (response as { rows: unknown[] }).rows
    },
  }
  return Object.assign((table: string) => begin().from(table), asks) as unknown as Transaction
}
