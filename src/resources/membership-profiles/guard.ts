import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { assertHoldsProfile, assertMayTouchHolders } from '../application-memberships/rank.js'
import { assertMayChangeAccess, assertMayGiveAccess, type Given, ownSeat } from '../memberships/owners.js'

/** The profile, locked, if the caller stands no lower than what it opens.
 *  @throws AppError not_found, forbidden */
export async function profileToChange(ctx: Context, id: string, action: 'update' | 'destroy'): Promise<Row> {
  const profile = await ctx.scope.lock('membership_profiles', id, action)
  await assertHoldsProfile(ctx, id)
  return profile
}

/** Refuses to change what a profile gives where a seat that has it stands higher than the caller, or is the caller's.
 *  @throws AppError forbidden */
export async function assertMayTouchHoldersOf(ctx: Context, { id, organization_id }: Row): Promise<void> {
  await assertMayTouchHolders(ctx, { organization_id, membership_id: null, membership_profile_id: id })
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
