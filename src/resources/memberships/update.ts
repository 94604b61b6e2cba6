import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError, atRelationship } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { holdExactly } from '../application-memberships/assign.js'
import { assertHoldsProfile, assertNotOwnSeat } from '../application-memberships/rank.js'
import { assertHolds } from '../roles/rank.js'
import {
  assertMayGiveAccess,
  assertMayGiveProfile,
  assertMayTouchOwner,
  assertOwnerRemains,
  isOwnSeat,
} from './owners.js'

interface Input {
  id: string
  changes: {
    role?: string
    access_scope?: string | null
    membership_profile?: string | null
    application_memberships?: string[]
  }
}

/** Gives or takes what the seat opens: its profile, and the application memberships that it holds itself. */
async function changeOpenings(ctx: Context, seat: Row, changes: Input['changes']): Promise<void> {
  const { membership_profile: profile, application_memberships: wanted } = changes
  if (profile === undefined && wanted === undefined) return
  const { id, organization_id, membership_profile_id } = seat
  await assertNotOwnSeat(ctx, { organization_id, membership_id: id, membership_profile_id })
  if (profile !== undefined && profile !== membership_profile_id) {
    for (const one of [membership_profile_id as string | null, profile]) {
      if (one !== null) await assertHoldsProfile(ctx, one, atRelationship('membership_profile'))
    }
    await assertMayGiveProfile(ctx, String(organization_id), profile)
    await ctx.scope.update('memberships', id, { membership_profile_id: profile })
  }
  if (wanted === undefined) return
  const difference = await holdExactly(ctx, { column: 'membership_id', id }, wanted)
  if (difference !== undefined) await ctx.scope.touch('memberships', id, { application_memberships: difference })
}

/** Changes a seat. Its role and access are grants: nobody changes their own, and nobody gives or takes more than they hold.
 *  @throws AppError forbidden (403), last_owner (409) */
export async function updateMember(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { role, membership_profile: _profile, application_memberships: _opened, ...attributes } = changes
  const seat = await ctx.scope.lock('memberships', id, 'update')
  const roleChanges = role !== undefined && role !== seat.role_id
  const accessChanges = attributes.access_scope !== undefined && attributes.access_scope !== seat.access_scope
  if (roleChanges || accessChanges) {
    if (roleChanges) await assertOwnerRemains(ctx, seat)
    if (accessChanges) {
      assertMayTouchOwner(ctx, seat)
      assertMayGiveAccess(ctx, String(seat.organization_id), attributes)
    }
    if (isOwnSeat(ctx, seat)) {
      throw new AppError('forbidden', {
        detail: 'This seat is your own: somebody else must change its role and access.',
      })
    }
  }
  await assertHolds(ctx, String(seat.role_id))
  if (roleChanges) await assertHolds(ctx, role, atRelationship('role'))
  await ctx.scope.update('memberships', id, { ...attributes, ...(role === undefined ? {} : { role_id: role }) })
  await changeOpenings(ctx, seat, changes)
  return { id }
}
