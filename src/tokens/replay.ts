import type { Knex } from 'knex'
import { atOnce } from '../db/at-once.js'

/** Takes a one-time name of a client's, such as an assertion's `jti`, until it would expire anyway. One statement, so that of
 *  two uses at once, on any instances, one is the first. Source: RFC 7523 §3 (7)
 *  @returns false when it was taken before */
export async function takeOnce(
  knex: Knex,
  { clientId, hash, expiresAt }: { clientId: string; hash: string; expiresAt: Date },
): Promise<boolean> {
  const rows = await atOnce(
    knex,
    `insert into used_assertions (client_id, jti_hash, expires_at) values (:clientId, :hash, :expiresAt)
      on conflict do nothing returning 1`,
    { clientId, hash, expiresAt },
  )
  return rows.length === 1
}
