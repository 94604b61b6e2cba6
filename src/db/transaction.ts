import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Knex } from 'knex'
import { AppError } from '../errors.js'
import { type Client, queriesOf, type Transaction } from './queries.js'

/** Longest time of a transaction, in milliseconds; what a revocation may take to commit is judged by it. */
export const TRANSACTION_MS = 10_000

const tooLong = (): AppError =>
  new AppError('unavailable', {
    detail: 'This took too long, and nothing of it was done. Try again.',
    headers: { 'Retry-After': '1' },
  })

const tracer = trace.getTracer('gatehouse')

/** Makes a span of a transaction, its wait for a connection included. Nothing is made where traces are off. */
export function traced<T>(work: () => Promise<T>): Promise<T> {
  const options = { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } }
  return tracer.startActiveSpan('transaction', options, async (span) => {
    try {
      return await work()
    } catch (error) {
      // The code and no more: a message may hold a statement with its values.
      const { code, name } = error as { code?: unknown; name?: unknown }
      span.setAttribute('error.type', String(code ?? name)).setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  })
}

/** A connection of knex' pool, with the marks that are knex' own. */
interface Connection {
  __knexTxId?: string | undefined
  /** The pool throws the connection away. */
  __knex__disposed?: unknown
}

interface Open {
  readonly trx: Transaction
  /** From here on nothing can be asked: a late query would run in somebody else's transaction. */
  end(): void
}

function open(parent: Client, connection: Connection): Open {
  const client: Client = Object.assign(Object.create(parent), {
    acquireConnection: async () => connection,
    releaseConnection: async () => undefined,
  })
  const end = (): void => {
    client.query = async () => {
      throw new Error('asked of a transaction that has ended')
    }
  }
  return { trx: queriesOf(client), end }
}

let begun = 0

async function during<T>(client: Client, connection: Connection, work: (trx: Transaction) => Promise<T>): Promise<T> {
  const { trx, end } = open(client, connection)
  await client.query(connection, { sql: 'BEGIN;' })
  let result: T
  try {
    try {
      result = await work(trx)
    } finally {
      end()
    }
  } catch (error) {
    await client.query(connection, { sql: 'ROLLBACK' }).catch((cause: unknown) => {
      connection.__knex__disposed = cause
    })
    throw error
  }
  await client.query(connection, { sql: 'COMMIT;' })
  return result
}

/** Runs `work` in a transaction of its own, which is rolled back when `work` throws. Inside it every query must go through
 *  `trx`: the embedded engine has one connection.  @throws what `work` or the database throws */
export function transaction<T>(knex: Knex, work: (trx: Transaction) => Promise<T>): Promise<T> {
  const client = knex.client as Client
  return traced(async () => {
    const connection: Connection = await client.acquireConnection()
    begun += 1
    connection.__knexTxId = `trx${begun}`
    try {
      return await during(client, connection, work)
    } finally {
      connection.__knexTxId = undefined
      await client.releaseConnection(connection)
    }
  })
}

/** As `transaction`, and rolled back when `work` is not done within `longestMs` (a running statement is waited for: the
 *  server bounds those). Whoever reads news by age relies on it: no commit comes later than that.
 *  @throws AppError unavailable after the deadline; else what `work` or the database throws */
export function inTransaction<T>(
  knex: Knex,
  work: (trx: Transaction) => Promise<T>,
  longestMs = TRANSACTION_MS,
): Promise<T> {
  return transaction(knex, async (trx) => {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(tooLong()), longestMs)
    })
    try {
      return await Promise.race([work(trx), deadline])
    } finally {
      clearTimeout(timer)
    }
  })
}
