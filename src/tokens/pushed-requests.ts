import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'

/** Authorization requests that clients have pushed, by the keyed hash of the name they got. */
export interface PushedRequests {
  save(request: {
    hash: string
    clientId: string
    parameters: ReadonlyMap<string, string>
    now: Date
    expiresAt: Date
  }): Promise<void>
  /** Takes a request once. One statement: of two at once, one gets it.
   *  @returns its parameters; undefined when it is unknown, used, expired or another client's */
  take(request: { hash: string; clientId: string; now: Date }): Promise<ReadonlyMap<string, string> | undefined>
}

/** Makes the store of pushed requests. Source: RFC 9126 §2.2, §4, §7.3 */
export function createPushedRequests(knex: Knex): PushedRequests {
  return {
    save: ({ hash, clientId, parameters, now, expiresAt }) =>
      asAuth(knex, async (trx) => {
        const row = { hash, client_id: clientId, parameters: JSON.stringify([...parameters]) }
        await trx('pushed_requests').insert({ ...row, created_at: now, expires_at: expiresAt })
      }),
    take: ({ hash, clientId, now }) =>
      asAuth(knex, async (trx) => {
        const [row]: { parameters: [string, string][] }[] = await trx('pushed_requests')
          .where({ hash, client_id: clientId, used_at: null })
          .where('expires_at', '>', now)
          .update({ used_at: now })
          .returning('parameters')
        return row && new Map(row.parameters)
      }),
  }
}
