import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { atRelationship } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { holdExactly } from '../application-memberships/assign.js'
import { assertHoldsProfile, assertNotOwnSeat } from '../application-memberships/rank.js'
import { assertHolds } from '../roles/rank.js'
import {
  assertMayChangeAccess,
  assertMayGiveAccess,
  assertMayGiveProfile,
  assertMayTouchOwner,
  assertOwnerRemains,
  isOwnSeat,
  seatIsYours,
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

/** Gives the seat another profile, or none. What access it shows then is asked of the seat itself: without a profile it has
 *  its own again, which is not seen under one. */
async function changeProfile(ctx: Context, seat: Row, profile: string | null): Promise<void> {
  const { id, organization_id, membership_profile_id } = seat
  if (profile === membership_profile_id) return
  const at = atRelationship('membership_profile')
  for (const one of [membership_profile_id as string | null, profile]) {
    if (one !== null) await assertHoldsProfile(ctx, one, at)
  }
  if (!isOwnSeat(ctx, seat)) await assertMayGiveProfile(ctx, String(organization_id), profile)
  await ctx.scope.update('memberships', id, { membership_profile_id: profile })
  const { access_scope } = await ctx.scope.one('memberships', id)
  assertMayChangeAccess(ctx, seat, { access_scope: String(access_scope), at })
}

/** Gives or takes what the seat opens: its profile, and the application memberships that it holds itself. */
async function changeOpenings(ctx: Context, seat: Row, changes: Input['changes']): Promise<void> {
  const { membership_profile: profile, application_memberships: wanted } = changes
  const { id, organization_id, membership_profile_id } = seat
  // Who sends a seat back as it was read changes nothing of it.
  if ((profile === undefined || profile === membership_profile_id) && wanted === undefined) return
  assertMayTouchOwner(ctx, seat)
  await assertNotOwnSeat(ctx, { organization_id, membership_id: id, membership_profile_id })
  if (profile !== undefined) await changeProfile(ctx, seat, profile)
  if (wanted === undefined) return
  const difference = await holdExactly(ctx, { column: 'membership_id', id }, wanted)
  if (difference !== undefined) await ctx.scope.touch('memberships', id, { application_memberships: difference })
}

/** Changes a seat. Its role and access are grants: nobody changes their own (but an owner, whose access nobody else may
 *  change), and nobody gives or takes more than they hold.
 *  @throws AppError forbidden (403), last_owner (409) */
export async function updateMember(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { role, membership_profile: _profile, application_memberships: _opened, ...attributes } = changes
  const seat = await ctx.scope.lock('memberships', id, 'update')
  const roleChanges = role !== undefined && role !== seat.role_id
  if (roleChanges) {
    await assertOwnerRemains(ctx, seat)
    if (isOwnSeat(ctx, seat)) throw seatIsYours()
    const given = { access_scope: String(seat.access_scope), at: atRelationship('role') }
    assertMayGiveAccess(ctx, String(seat.organization_id), given)
  }
  // Under a profile the seat's own access is not seen, and may be another than what is sent.
  const access_scope = seat.membership_profile_id === null ? seat.access_scope : undefined
  assertMayChangeAccess(ctx, { ...seat, access_scope }, attributes)
  await assertHolds(ctx, String(seat.role_id))
  if (roleChanges) await assertHolds(ctx, role, atRelationship('role'))
  await ctx.scope.update('memberships', id, { ...attributes, ...(role === undefined ? {} : { role_id: role }) })
  await changeOpenings(ctx, seat, changes)
  return { id }
}
