import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { assertHoldsProfile, assertMayTouchHolders } from '../application-memberships/rank.js'
import { assertMayChangeAccess, assertMayGiveAccess, type Given, ownSeat } from '../memberships/owners.js'

/** The profile, locked, if the caller stands high enough to change it: no lower than what it opens and than the seats that
 *  have it, and not through it.
 *  @throws AppError not_found, forbidden */
export async function profileToChange(ctx: Context, id: string, action: 'update' | 'destroy'): Promise<Row> {
  const profile = await ctx.scope.lock('membership_profiles', id, action)
  await assertHoldsProfile(ctx, id)
  const holders = { organization_id: profile.organization_id, membership_id: null, membership_profile_id: id }
  await assertMayTouchHolders(ctx, holders)
  return profile
}

/** Refuses another access for those who have the profile where it is more than the caller may give, or for the caller.
 *  @throws AppError forbidden */
export async function assertMayGiveHolders(ctx: Context, profile: Row, given: Given): Promise<void> {
  const organization = String(profile.organization_id)
  assertMayGiveAccess(ctx, organization, given)
  if (given.access_scope === undefined) return
  const seat = await ownSeat(ctx, organization)
  if (seat?.membership_profile_id === profile.id) assertMayChangeAccess(ctx, seat, given)
}
