import type { Knex } from 'knex'
import type { Access } from '../access/context.js'
import type { Config } from '../config.js'
import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import type { Limits } from '../limits/limits.js'
import type { Activity } from '../tokens/activity.js'
import type { Revocations } from '../tokens/revocations.js'
import type { Entering, Visit, Visits } from './visit.js'

/** What the pages need on which people come and go. */
export interface EntranceParts {
  readonly visits: Visits
  readonly db: Pick<Database, 'knex'>
  readonly config: Pick<Config, 'bcryptCost'>
  readonly secrets: Secrets
  readonly access: Access
  readonly revocations: Pick<Revocations, 'revoke' | 'refresh'>
  readonly activity: Pick<Activity, 'signedIn'>
  readonly limits: Limits
}

/** What access/accounts-* take. */
export interface AccountStore {
  readonly knex: Knex
  readonly secrets: Secrets
  readonly revocations: Pick<Revocations, 'revoke'>
  readonly bcryptCost: number
}

/** The parts as access/accounts-* take them. */
export const storeOf = ({ db, secrets, revocations, config }: EntranceParts): AccountStore => ({
  knex: db.knex,
  secrets,
  revocations,
  bcryptCost: config.bcryptCost,
})

/** Signs a person in who has proven who they are, and notes it.
 *  @returns false when the password that was checked is theirs no more, or they are disabled: nobody is signed in */
export async function welcome(
  { activity }: Pick<EntranceParts, 'activity'>,
  visit: Visit,
  person: Entering,
): Promise<boolean> {
  if (!(await visit.signIn(person))) return false
  activity.signedIn(person.userId, undefined, visit.now)
  return true
}
