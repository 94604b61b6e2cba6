import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { newId } from '../ids.js'

/** Who lets which application act for them, and where. */
export interface ConsentKey {
  readonly organizationId: string
  readonly userId: string
  readonly clientId: string
}

/** What somebody has agreed to. */
export interface Consent {
  readonly scope: string
  /** The scope for each resource server besides ours that the tokens may be for. */
  readonly resources: Readonly<Record<string, string>>
}

/** What somebody has agreed to in all, by now. */
export interface NewConsent {
  /** What is agreed to in all, with what was before. */
  readonly add: (given: Consent | undefined) => Consent
  /** Undefined: the built-in client's. */
  readonly applicationId: string | undefined
  /** In which sign-in. */
  readonly sessionId: string
  readonly now: Date
}

/** What people have let applications do in their name. Withdrawn by deleting it, with what hangs on it (account pages). */
export interface Consents {
  /** What was agreed to; undefined for nothing. */
  find(key: ConsentKey): Promise<Consent | undefined>
  /** Adds to what was agreed to: `add` is given what that is, which nobody changes or withdraws meanwhile.
   *  @returns whether it counts: not when the sign-in that gave it has ended */
  save(key: ConsentKey, consent: NewConsent): Promise<boolean>
}

const rowOf = ({ organizationId, userId, clientId }: ConsentKey) => ({
  organization_id: organizationId,
  user_id: userId,
  client_id: clientId,
})

/** The user's row before all others, as who changes the password has it: they wait, and delete what is written; or they were first. */
const holdUser = async (trx: Transaction, { userId }: ConsentKey): Promise<void> =>
  void (await trx('users').where({ id: userId }).forShare().first('id'))

/** Whether there is a consent; then there is until the transaction ends. */
export async function holdConsent(trx: Transaction, key: ConsentKey): Promise<boolean> {
  await holdUser(trx, key)
  return (await trx('consents').where(rowOf(key)).forShare().first('id')) !== undefined
}

/** Makes the store of consents. Source: RFC 6749 §10.2; ATTACKS R7 */
export function createConsents(knex: Knex): Consents {
  return {
    find: (key) =>
      asAuth(knex, (trx) => trx('consents').where(rowOf(key)).first<Consent | undefined>('scope', 'resources')),
    save: (key, { applicationId, add, sessionId, now }) =>
      asAuth(knex, async (trx) => {
        await holdUser(trx, key)
        const open = await trx('sessions')
          .where({ id: sessionId, user_id: key.userId })
          .whereNull('ended_at')
          .first('id')
        if (open === undefined) return false
        const given = await trx('consents')
          .where(rowOf(key))
          .forUpdate()
          .first<Consent | undefined>('scope', 'resources')
        const { scope, resources } = add(given)
        const agreed = { scope, resources: JSON.stringify(resources), api_credential_id: applicationId ?? null }
        const row = { ...rowOf(key), ...agreed, id: newId(), created_at: now }
        await trx('consents')
          .insert({ ...row, updated_at: now })
          .onConflict(['organization_id', 'user_id', 'client_id'])
          .merge({ ...agreed, updated_at: now })
        return true
      }),
  }
}
