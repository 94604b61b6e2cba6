import type { Transaction } from '../db/queries.js'
import { newId } from '../ids.js'
import { type Principal, whoIs } from './principal.js'

interface Ended {
  readonly id: string
  readonly [column: string]: unknown
}

interface Caller {
  readonly principal: Principal
  readonly requestId: string
  readonly now: Date
}

const SILENT = new Set(['id', 'organization_id', 'created_at', 'updated_at'])

const gone = (row: Ended): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([name, value]) => !SILENT.has(name) && value !== null)
      .map(([name, value]) => [name, [value, null]]),
  )

/** Ends the application memberships of a seat, in the transaction that ends the seat; one that a profile holds too stays
 *  with the profile. It needs no right of its own: whoever may end the seat, ends what hangs on it. The tenant's lock is on. */
export async function endApplicationsOf(
  trx: Transaction,
  seat: { organizationId: string; membershipId: string },
  { principal, requestId, now }: Caller,
): Promise<void> {
  const mine = { organization_id: seat.organizationId, membership_id: seat.membershipId }
  const shared: Ended[] = await trx('application_memberships')
    .where(mine)
    .whereNotNull('membership_profile_id')
    .update({ membership_id: null, updated_at: now })
    .returning('id')
  const ended: Ended[] = await trx('application_memberships').where(mine).delete().returning('*')
  const told = [
    ...shared.map(({ id }) => ({ id, event: 'update', changes: { membership_id: [seat.membershipId, null] } })),
    ...ended.map((row) => ({ id: row.id, event: 'destroy', changes: gone(row) })),
  ]
  const versions = told.map(({ id: resource_id, event, changes }) => ({
    id: newId(),
    organization_id: seat.organizationId,
    resource_type: 'application_memberships',
    resource_id,
    event,
    changes: JSON.stringify(changes),
    who: JSON.stringify(whoIs(principal)),
    request_id: requestId,
    created_at: now,
  }))
  if (versions.length > 0) await trx('versions').insert(versions)
}
