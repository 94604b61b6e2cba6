import type { Knex } from 'knex'
import { AppError } from '../errors.js'

/** Longest time of a transaction, in milliseconds; what a revocation may take to commit is judged by it. */
export const TRANSACTION_MS = 10_000

const tooLong = (): AppError =>
  new AppError('unavailable', {
    detail: 'This took too long, and nothing of it was done. Try again.',
    headers: { 'Retry-After': '1' },
  })

/** Runs `work` in a transaction that is rolled back when it is not done within `longestMs` (a running statement is
 *  waited for: the server bounds those). Whoever reads news by age relies on it: no commit comes later than that.
 *  @throws AppError unavailable after the deadline; else what `work` or the database throws */
export function inTransaction<T>(
  knex: Knex,
  work: (trx: Knex.Transaction) => Promise<T>,
  longestMs = TRANSACTION_MS,
): Promise<T> {
  return knex.transaction(async (trx) => {
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
