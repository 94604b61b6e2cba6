import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { addToHistory } from './account-history.js'
import type { Revocations } from './revocations.js'

/** No access token lives longer than this after its family's end. */
const LONGEST_ACCESS_MS = 366 * 24 * 3600 * 1000
const MOST = 200

/** An application that acts, or may act, in a person's name. */
export interface AuthorisedApp {
  /** Where it is authorised: an organization's id, or `-` for one that acts in all of the person's. */
  readonly place: string
  readonly clientId: string
  /** Null for an application that is built in. */
  readonly name: string | null
  readonly organization: string | null
  readonly scope: string
  readonly since: string
  readonly lastUsedAt: string | null
}

/** Which application is to act no more, for whom. */
export interface Withdrawal {
  readonly userId: string
  readonly place: string
  readonly clientId: string
  readonly now: Date
  readonly requestId: string
}

const LIST = `
  with open as (
    select organization_id, client_id, max(scope) as scope, min(created_at) as since, max(last_used_at) as last_used_at
    from refresh_families where user_id = :userId and ended_at is null and expires_at > :now
    group by organization_id, client_id
  ), given as (
    select organization_id, client_id, scope, created_at from consents where user_id = :userId
  )
  select coalesce(g.organization_id, f.organization_id) as place, coalesce(g.client_id, f.client_id) as "clientId",
    a.name, o.name as organization, coalesce(g.scope, f.scope) as scope, coalesce(g.created_at, f.since) as since,
    f.last_used_at as "lastUsedAt"
  from given g full join open f on f.organization_id = g.organization_id and f.client_id = g.client_id
    left join organizations o on o.id = coalesce(g.organization_id, f.organization_id)
    left join api_credentials a on a.client_id = coalesce(g.client_id, f.client_id)
  order by lower(coalesce(a.name, '')), 1, 2 limit :most`

/** The applications to which a person has consented, or that hold a refresh token of theirs. */
export function authorisedApps(knex: Knex, { userId, now }: { userId: string; now: Date }): Promise<AuthorisedApp[]> {
  return asAuth(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: AuthorisedApp[] }>(LIST, { userId, now, most: MOST })
    return rows
  })
}

/** Ends codes and families.  @returns the ids of the families that have ended */
async function endGrants(trx: Transaction, { userId, place, clientId, now }: Withdrawal): Promise<string[]> {
  const which = { organization_id: place, user_id: userId, client_id: clientId }
  // Codes first, used ones too: whoever exchanges one at this moment holds its row, and has begun the family by the time
  // that we get it.
  await trx('authorization_codes')
    .where(which)
    .update({ used_at: trx.raw('coalesce(used_at, ?)', [now]) })
  await trx('device_codes')
    .where({ user_id: userId, client_id: clientId, status: 'approved' })
    .update({ status: 'denied' })
  const ended: { id: string }[] = await trx('refresh_families')
    .where(which)
    .whereNull('ended_at')
    .update({ ended_at: now, ended_because: 'withdrawn' })
    .returning('id')
  return ended.map(({ id }) => id)
}

/** Takes back what a person has let an application do: the consent, codes that wait, refresh tokens and access tokens, on
 *  every instance once committed.  @returns whether there was anything */
export function withdrawApp(
  knex: Knex,
  revocations: Pick<Revocations, 'revoke'>,
  withdrawal: Withdrawal,
): Promise<boolean> {
  const { userId, place, clientId, now, requestId } = withdrawal
  return asAuth(knex, async (trx) => {
    const consents = await trx('consents')
      .where({ organization_id: place, user_id: userId, client_id: clientId })
      .delete()
    const families = await endGrants(trx, withdrawal)
    if (consents === 0 && families.length === 0) return false
    const expiresAt = new Date(now.getTime() + LONGEST_ACCESS_MS)
    for (const id of families) await revocations.revoke(trx, { topic: `family:${id}`, now, expiresAt })
    await addToHistory(trx, { userId, changes: { authorised_app: [clientId, null] }, now, requestId })
    return true
  })
}
