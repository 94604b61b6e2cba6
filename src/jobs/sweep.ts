import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import { inBatches, type Job } from './job.js'

const BATCH = 1000
const DAY_MS = 24 * 3600 * 1000

/** Days for which a mail that was sent is kept in the outbox, without its text. */
const SENT_DAYS = 7
/** Days for which a sign-in, or what an application got by it, is kept after its end. */
const ENDED_DAYS = 30

/** What is of no use any more: table, the time that says so, and how long after it. */
const LITTER: readonly { table: string; column: string; days: number }[] = [
  { table: 'revocations', column: 'expires_at', days: 0 },
  { table: 'idempotency_keys', column: 'expires_at', days: 0 },
  { table: 'rate_limits', column: 'expires_at', days: 0 },
  { table: 'outbox', column: 'sent_at', days: SENT_DAYS },
  { table: 'pushed_requests', column: 'expires_at', days: 0 },
  // A device is told for a day that its code has expired, then that there is none.
  { table: 'device_codes', column: 'expires_at', days: 1 },
  // For a day a second use of a code still ends what the first began.
  { table: 'authorization_codes', column: 'expires_at', days: 1 },
  { table: 'used_assertions', column: 'expires_at', days: 0 },
  { table: 'mailed_tokens', column: 'expires_at', days: 7 },
  { table: 'refresh_tokens', column: 'expires_at', days: 0 },
  { table: 'refresh_families', column: 'ended_at', days: ENDED_DAYS },
  { table: 'refresh_families', column: 'expires_at', days: 0 },
  { table: 'sessions', column: 'ended_at', days: ENDED_DAYS },
  { table: 'sessions', column: 'expires_at', days: ENDED_DAYS },
]

/** Answers that nobody may ask for again: they hold tokens, sealed. Eleven seconds, so that the last to ask still finds it.
 *  @returns how many were forgotten */
const forgetSome = (knex: Knex, now: Date): Promise<number> =>
  asAuth(knex, async (trx) => {
    const before = new Date(now.getTime() - 11_000)
    const answer = await trx.raw<{ rowCount: number }>(
      `update refresh_tokens set answer = null where ctid = any (array(
        select ctid from refresh_tokens where answer is not null and used_at <= :before order by used_at limit :limit))`,
      { before, limit: BATCH },
    )
    return answer.rowCount
  })

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

/** Sweeps what has expired, in small pieces: revocations that no living token could still meet, answers kept for who asks
 *  again, mails long sent, codes, tokens and sign-ins that are over.
 *  Dead mails stay: somebody must look at them. */
export const sweep: Job = {
  name: 'sweep',
  everySeconds: 300,
  async run({ knex, now, signal }) {
    for (const { table, column, days } of LITTER) {
      const before = new Date(now.getTime() - days * DAY_MS)
      await inBatches(signal, BATCH, () => removeSome(knex, { table, column, before }))
    }
    await inBatches(signal, BATCH, () => forgetSome(knex, now))
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
