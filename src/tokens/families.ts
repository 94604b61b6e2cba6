import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import type { Revocations } from './revocations.js'

/** Where families and codes stand that are about no organization in particular. */
export const NOWHERE = '-'
const DAY_MS = 24 * 3600 * 1000
/** Life of one refresh token, and of a family whatever happens to it. Source: CONTRACT 5.1; DECISIONS 4 */
export const TOKEN_MS = 14 * DAY_MS
const FAMILY_MS = 365 * DAY_MS
/** No access token of a family lives longer than this after its end. */
const LONGEST_ACCESS_MS = 366 * DAY_MS

/** The organization's id as it stands in the table. */
export const placeOf = (organizationId: string | undefined): string => organizationId ?? NOWHERE
/** The organization's id out of the table. */
export const organizationAt = (place: string): string | undefined => (place === NOWHERE ? undefined : place)

/** What one sign-in, consent or assertion began, and what every token of it says. */
export interface Family {
  readonly id: string
  /** Undefined: of no organization, but of its user in all of them. */
  readonly organizationId: string | undefined
  readonly clientId: string
  /** The client's row; undefined for a client that is built in. */
  readonly applicationId: string | undefined
  readonly userId: string | undefined
  readonly customerId: string | undefined
  readonly sessionId: string | undefined
  /** As it was first answered. */
  readonly scope: string
  readonly customClaim: Record<string, unknown> | undefined
  readonly resource: string | undefined
  readonly authenticatedAt: Date | undefined
  readonly amr: readonly string[]
  /** Whether its user was named by an assertion and has not signed in. */
  readonly asserted: boolean
}

/** Begins a family with its first refresh token, whose keyed hash is `hash`. */
export async function beginFamily(
  trx: Transaction,
  { family, hash, now }: { family: Family; hash: string; now: Date },
): Promise<void> {
  const organization_id = placeOf(family.organizationId)
  await trx('refresh_families').insert({
    organization_id,
    id: family.id,
    client_id: family.clientId,
    api_credential_id: family.applicationId ?? null,
    user_id: family.userId ?? null,
    customer_id: family.customerId ?? null,
    session_id: family.sessionId ?? null,
    scope: family.scope,
    custom_claim: family.customClaim === undefined ? null : JSON.stringify(family.customClaim),
    resource: family.resource ?? null,
    authenticated_at: family.authenticatedAt ?? null,
    amr: JSON.stringify(family.amr),
    asserted: family.asserted,
    created_at: now,
    last_used_at: now,
    expires_at: new Date(now.getTime() + FAMILY_MS),
  })
  const expires_at = new Date(now.getTime() + TOKEN_MS)
  await trx('refresh_tokens').insert({ organization_id, hash, family_id: family.id, created_at: now, expires_at })
}

/** Ends a family with all its refresh tokens and access tokens, on every instance once committed. Twice is once. */
export async function endFamily(
  knex: Knex,
  revocations: Pick<Revocations, 'revoke'>,
  { id, organizationId, because, now }: { id: string; organizationId: string | undefined; because: string; now: Date },
): Promise<void> {
  await asAuth(knex, async (trx) => {
    const ended = await trx('refresh_families')
      .where({ organization_id: placeOf(organizationId), id })
      .whereNull('ended_at')
      .update({ ended_at: now, ended_because: because })
    const expiresAt = new Date(now.getTime() + LONGEST_ACCESS_MS)
    if (ended > 0) await revocations.revoke(trx, { topic: `family:${id}`, now, expiresAt })
  })
}
