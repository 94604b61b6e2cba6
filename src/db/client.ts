import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Knex } from 'knex'
// @ts-expect-error: knex publishes its dialects to be extended, but not their types
import PostgresClient from 'knex/lib/dialects/postgres/index.js'
import { Query } from 'pg'
import { createBegins, type Statement } from './begins.js'
import { createNames } from './prepared.js'
import { type Builder, createRunner, type Runner } from './runner.js'

interface Connection {
  query(query: Query): void
}

declare class Dialect extends EventEmitter {
  constructor(config: Knex.Config)
  _query(connection: object, statement: Statement): Promise<Statement>
  acquireConnection(): Promise<object>
  releaseConnection(connection: object): Promise<void>
  positionBindings(sql: string): string
  processResponse(statement: Statement, runner: unknown): unknown
  query(connection: object, statement: Statement | string): Promise<Statement>
  runner(builder: Builder): Runner
}

const Base = PostgresClient as typeof Dialect

/** Lets what is asked in one turn of the event loop leave in one piece: the server is woken once, not for each message. */
function gather(connection: object): void {
  const { stream } = (connection as { connection: { stream: Socket } }).connection
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}

/** Hands a statement to the driver. knex copies all of its options for it, and the driver copies the members of an object
 *  that names a statement again, with their descriptors; a text it does not copy. */
function ask(connection: Connection, statement: Statement): Promise<Statement> {
  const { sql, bindings = [], options: { name } = {} } = statement
  return new Promise((resolve, reject) => {
    const query = new Query(sql, bindings as unknown[], (error, response) => {
      if (error) reject(error)
      else resolve(Object.assign(statement, { response }))
    })
    connection.query(name === undefined ? query : Object.assign(query, { name }))
  })
}

/** Texts whose places are known, at most: callers' filters make ever new ones. */
const MOST_TEXTS = 500

/** knex's client for PostgreSQL, with fewer and cheaper round trips: a transaction begins with its first statement, what
 *  is asked again and again is parsed and planned once a connection (`prepare`), unless the query's options say
 *  `prepare: false`. A class, because knex makes the client of each transaction from that of its parent.
 *  Source: PERFORMANCE 4.2 */
export function clientClass({ prepare }: { prepare: boolean }): typeof Knex.Client {
  const name = createNames()
  const joined = createBegins()
  const positioned = new Map<string, string>()
  class GatehouseClient extends Base {
    override positionBindings(sql: string): string {
      const known = positioned.get(sql)
      if (known !== undefined) return known
      if (positioned.size >= MOST_TEXTS) positioned.clear()
      const text = super.positionBindings(sql)
      positioned.set(sql, text)
      return text
    }

    override query(connection: object, asked: Statement | string): Promise<Statement> {
      const statement: Statement = typeof asked === 'string' ? { sql: asked } : asked
      statement.sql = this.positionBindings(statement.sql)
      this.emit('query', { ...statement, __knexTxId: (connection as { __knexTxId?: string }).__knexTxId })
      return this._query(connection, statement).catch((error: Error) => {
        // For the log, where knex would write the values too.
        throw Object.assign(error, { sql: statement.sql })
      })
    }

    override runner(builder: Builder): Runner {
      return createRunner(this, builder, () => super.runner(builder))
    }

    override _query(connection: object, statement: Statement): Promise<Statement> {
      // Only texts with bindings: what has none may be several statements.
      const wanted = prepare && statement.options?.prepare !== false && (statement.bindings?.length ?? 0) > 0
      const known = wanted ? name(statement.sql) : undefined
      if (known !== undefined) statement.options = { ...statement.options, name: known }
      return joined(connection, statement, (one) => {
        gather(connection)
        return ask(connection as Connection, one)
      })
    }
  }
  return GatehouseClient as unknown as typeof Knex.Client
}
