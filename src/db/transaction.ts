import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Knex } from 'knex'
import { AppError } from '../errors.js'

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

/** Runs `work` in a transaction that is rolled back when it is not done within `longestMs` (a running statement is
 *  waited for: the server bounds those). Whoever reads news by age relies on it: no commit comes later than that.
 *  @throws AppError unavailable after the deadline; else what `work` or the database throws */
export function inTransaction<T>(
  knex: Knex,
  work: (trx: Knex.Transaction) => Promise<T>,
  longestMs = TRANSACTION_MS,
): Promise<T> {
  return traced(() =>
    knex.transaction(async (trx) => {
      let timer: NodeJS.Timeout | undefined
      const deadline = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(tooLong()), longestMs)
      })
      try {
        return await Promise.race([work(trx), deadline])
      } finally {
        clearTimeout(timer)
      }
    }),
  )
}
