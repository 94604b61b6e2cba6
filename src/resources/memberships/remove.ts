import { isInPerson } from '../../access/abilities.js'
import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import type { DeleteInput } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { assertOwnerRemains, isOwnSeat } from './owners.js'

interface Orphan {
  readonly type: 'api_credentials'
  readonly id: string
  readonly name: string
  readonly kind: string
}

/** The applications that a user has made in an organization, as far as the caller may read applications: whoever ends a
 *  seat should know which secrets that person may have seen. */
async function credentialsOf(ctx: Context, seat: { organizationId: string; userId: string }): Promise<Orphan[]> {
  const { organizationId, userId } = seat
  if (!ctx.abilities.may('read', 'api_credentials', organizationId)) return []
  const made = ctx.scope.from('api_credentials').where({ organization_id: organizationId })
  const rows: Row[] = await made
    .whereJsonSupersetOf('created_by', { type: 'users', id: userId })
    .orderBy(['created_at', 'id'])
    .select('id', 'name', 'kind')
  return rows.map(({ id, name, kind }) => ({ type: 'api_credentials', id, name: String(name), kind: String(kind) }))
}

/** Ends a seat, one's own or (by right) another's, with what hangs on it, in one transaction: its rights, also for tokens
 *  already issued, and the open invitations that its user has sent. The applications that the user made stay: they
 *  belong to the organization.
 *  @returns `orphaned_credentials` for `meta`, if there are any
 *  @throws AppError last_owner (409), forbidden (403) */
export async function removeMember(
  ctx: Context,
  { id }: DeleteInput,
): Promise<{ orphaned_credentials: Orphan[] } | undefined> {
  const seat = await ctx.scope.lock('memberships', id, 'destroy')
  await assertOwnerRemains(ctx, seat)
  if (!isOwnSeat(ctx, seat) || !isInPerson(ctx.principal)) await assertHolds(ctx, String(seat.role_id))
  await ctx.platform.endApplicationsOf({ organizationId: String(seat.organization_id), membershipId: id })
  await ctx.scope.remove('memberships', id)
  if (seat.user_id === null) return undefined
  const ended = { organizationId: String(seat.organization_id), userId: String(seat.user_id) }
  await ctx.platform.revokeInvitationsOf(ended)
  const orphans = await credentialsOf(ctx, ended)
  return orphans.length === 0 ? undefined : { orphaned_credentials: orphans }
}
