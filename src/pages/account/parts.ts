import type { Knex } from 'knex'
import type { Access, SecretMaker } from '../../access/context.js'
import type { Limits } from '../../limits/limits.js'
import type { Revocations } from '../../tokens/revocations.js'
import type { Sessions } from '../../tokens/sessions.js'
import type { Visits } from '../visit.js'

/** How long after a sign-in changes may be made that let people in. */
export const FRESH_MS = 600_000

/** What the account pages are made from. */
export interface AccountParts {
  readonly knex: Knex
  readonly visits: Visits
  readonly sessions: Sessions
  readonly secrets: SecretMaker
  readonly access: Access
  /** Refreshed after a change, so that it counts here at once; should that fail, the poll brings the news. */
  readonly revocations: Pick<Revocations, 'revoke' | 'refresh'>
  readonly limits: Pick<Limits, 'take' | 'giveBack'>
  readonly bcryptCost: number
  /** Address of the token endpoint's issuer, shown where a credential is. */
  readonly issuer: string
}
