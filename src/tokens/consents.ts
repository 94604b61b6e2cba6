import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import { newId } from '../ids.js'

/** Who lets which application act for them, and where. */
export interface ConsentKey {
  readonly organizationId: string
  readonly userId: string
  readonly clientId: string
}

/** What people have let applications do in their name. Withdrawn by deleting it, with what hangs on it (account pages). */
export interface Consents {
  /** The scope that was agreed to; undefined for none. */
  find(key: ConsentKey): Promise<string | undefined>
  /** Remembers a consent in place of the one before. `applicationId` undefined: the built-in client's. */
  save(key: ConsentKey, consent: { applicationId: string | undefined; scope: string; now: Date }): Promise<void>
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
    save: (key, { applicationId, scope, now }) =>
      asAuth(knex, async (trx) => {
        const row = { ...rowOf(key), id: newId(), api_credential_id: applicationId ?? null, scope, created_at: now }
        await trx('consents')
          .insert({ ...row, updated_at: now })
          .onConflict(['organization_id', 'user_id', 'client_id'])
          .merge({ scope, api_credential_id: row.api_credential_id, updated_at: now })
      }),
  }
}
