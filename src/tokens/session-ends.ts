import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'

/** No access token lives longer than this after the end of its sign-in. */
const LONGEST_ACCESS_MS = 366 * 24 * 3600 * 1000
/** So many sessions of a user are open at a time; whoever begins one more ends the oldest. */
const MOST_OPEN = 100

// Only a token of a family tells its session: others need no row, and whoever signs in and out all day leaves none. Dead
// for good, as in revocations.ts. One statement however many there are: all of it must fit into one transaction.
const REVOKE = `
  with told as (
    insert into revocations (topic, not_before, expires_at)
      select distinct 'session:' || session_id, cast(:expiresAt as timestamptz), cast(:expiresAt as timestamptz)
      from refresh_families where session_id = any(cast(:ids as text[]))
    returning 1
  ) select pg_notify('revocations', 'sessions') from told limit 1`

/** Sessions of one user that have just ended. */
interface Ended {
  readonly userId: string
  readonly ids: readonly string[]
  readonly now: Date
}

/** Ends what hangs on sessions that have just ended, in the same transaction: codes, devices that were let in, refresh tokens
 *  and access tokens. */
async function endWhatHangs(trx: Transaction, { userId, ids, now }: Ended): Promise<void> {
  if (ids.length === 0) return
  // Codes first, used ones too: whoever exchanges one at this moment holds its row, and has begun the family by the time
  // that we get it. So does a device that asks at this moment: as long as it has not committed, its code is approved for us.
  await trx('authorization_codes')
    .whereIn('session_id', ids)
    .update({ used_at: trx.raw('coalesce(used_at, ?)', [now]) })
  await trx('device_codes')
    .where({ user_id: userId, status: 'approved' })
    .whereIn('session_id', ids)
    .update({ status: 'denied' })
  await trx('refresh_families')
    .whereIn('session_id', ids)
    .whereNull('ended_at')
    .update({ ended_at: now, ended_because: 'signed_out' })
  await trx.raw(REVOKE, { ids: [...ids], expiresAt: new Date(now.getTime() + LONGEST_ACCESS_MS) })
}

/** Which open sessions are to end: of one user, all or one; all but one. */
export interface Ending {
  readonly userId: string
  readonly id?: string
  readonly except?: string | undefined
  readonly now: Date
}

async function endThese(
  trx: Transaction,
  query: Knex.QueryBuilder,
  { userId, now }: Omit<Ended, 'ids'>,
): Promise<number> {
  const ended: { id: string }[] = await query.whereNull('ended_at').update({ ended_at: now }).returning('id')
  await endWhatHangs(trx, { userId, ids: ended.map(({ id }) => id), now })
  return ended.length
}

/** Ends open sessions of a user in the caller's transaction, with what hangs on them.  @returns how many were open */
export function endSessions(trx: Transaction, { userId, id, except, now }: Ending): Promise<number> {
  const query = trx('sessions').where({ user_id: userId, ...(id === undefined ? {} : { id }) })
  if (except !== undefined) query.whereNot({ id: except })
  return endThese(trx, query, { userId, now })
}

/** Makes room for one more session of a user: the oldest end, with what hangs on them. */
export async function endOldest(trx: Transaction, userId: string, now: Date): Promise<void> {
  const oldest = trx('sessions')
    .where({ user_id: userId })
    .whereNull('ended_at')
    .orderBy('created_at', 'desc')
    .offset(MOST_OPEN - 1)
    .select('id')
  await endThese(trx, trx('sessions').whereIn('id', oldest), { userId, now })
}
