import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import { newId } from '../ids.js'

/** Who lets which application act for them, and where. */
export interface ConsentKey {
  readonly organizationId: string
  readonly userId: string
  readonly clientId: string
}

/** What somebody has just agreed to. */
export interface NewConsent {
  /** Undefined: the built-in client's. */
  readonly applicationId: string | undefined
  readonly scope: string
  /** In which sign-in. */
  readonly sessionId: string
  readonly now: Date
}

/** What people have let applications do in their name. Withdrawn by deleting it, with what hangs on it (account pages). */
export interface Consents {
  /** The scope that was agreed to; undefined for none. */
  find(key: ConsentKey): Promise<string | undefined>
  /** Remembers a consent in place of the one before.
   *  @returns whether it counts: not when the sign-in that gave it has ended */
  save(key: ConsentKey, consent: NewConsent): Promise<boolean>
}

const rowOf = ({ organizationId, userId, clientId }: ConsentKey) => ({
  organization_id: organizationId,
  user_id: userId,
  client_id: clientId,
})

/** Makes the store of consents. Source: RFC 6749 §10.2; ATTACKS R7 */
export function createConsents(knex: Knex): Consents {
  return {
    find: (key) =>
      asAuth(knex, async (trx) => {
        const row = await trx('consents').where(rowOf(key)).first<{ scope: string } | undefined>('scope')
        return row?.scope
      }),
    save: (key, { applicationId, scope, sessionId, now }) =>
      asAuth(knex, async (trx) => {
        // The user's row first, as who changes the password does: they wait, and delete this; or they were first.
        await trx('users').where({ id: key.userId }).forShare().first('id')
        const open = await trx('sessions')
          .where({ id: sessionId, user_id: key.userId })
          .whereNull('ended_at')
          .first('id')
        if (open === undefined) return false
        const row = { ...rowOf(key), id: newId(), api_credential_id: applicationId ?? null, scope, created_at: now }
        await trx('consents')
          .insert({ ...row, updated_at: now })
          .onConflict(['organization_id', 'user_id', 'client_id'])
          .merge({ scope, api_credential_id: row.api_credential_id, updated_at: now })
        return true
      }),
  }
}
