import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import { inBatches, type Job } from './job.js'

const BATCH = 1000
const DAY_MS = 24 * 3600 * 1000

/** Days for which a mail that was sent is kept in the outbox, without its text. */
const SENT_DAYS = 7

/** What is of no use any more: table, the time that says so, and how long after it. */
const LITTER: readonly { table: string; column: string; days: number }[] = [
  { table: 'revocations', column: 'expires_at', days: 0 },
  { table: 'idempotency_keys', column: 'expires_at', days: 0 },
  { table: 'rate_limits', column: 'expires_at', days: 0 },
  { table: 'outbox', column: 'sent_at', days: SENT_DAYS },
  { table: 'pushed_requests', column: 'expires_at', days: 0 },
  // A device is told for a day that its code has expired, then that there is none.
  { table: 'device_codes', column: 'expires_at', days: 1 },
]

/** Deletes some rows.  @returns how many */
const removeSome = (knex: Knex, { table, column, before }: { table: string; column: string; before: Date }) =>
  asAuth(knex, async (trx) => {
    const answer = await trx.raw<{ rowCount: number }>(
      `delete from :table: where ctid = any (array(
        select ctid from :table: where :column: <= :before order by :column: limit :limit))`,
      { table, column, before, limit: BATCH },
    )
    return answer.rowCount
  })

/** Sweeps what has expired, in small pieces: revocations that no living token could still meet, answers kept for an
 *  Idempotency-Key, and mails long sent.
 *  Dead mails stay: somebody must look at them. */
export const sweep: Job = {
  name: 'sweep',
  everySeconds: 300,
  async run({ knex, now, signal }) {
    for (const { table, column, days } of LITTER) {
      const before = new Date(now.getTime() - days * DAY_MS)
      await inBatches(signal, BATCH, () => removeSome(knex, { table, column, before }))
    }
  },
}

/** How many seconds the oldest row of each swept table has been due; 0 where nothing is. */
export function oldestExpired(knex: Knex, now: Date): Promise<{ table: string; seconds: number }[]> {
  return asAuth(knex, async (trx) => {
    const found: { table: string; seconds: number }[] = []
    for (const { table, column, days } of LITTER) {
      const before = new Date(now.getTime() - days * DAY_MS)
      const row = await trx(table)
        .where(column, '<=', before)
        .min<{ oldest: string | null }>({ oldest: column })
        .first()
      const oldest = row?.oldest ?? undefined
      found.push({ table, seconds: oldest === undefined ? 0 : (before.getTime() - Date.parse(oldest)) / 1000 })
    }
    return found
  })
}
