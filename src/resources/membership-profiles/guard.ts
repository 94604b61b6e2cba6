import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { assertHoldsProfile, assertNotOwnSeat } from '../application-memberships/rank.js'

/** The profile, locked, if the caller stands high enough to change it: no lower than what it opens, and not through it.
 *  @throws AppError not_found, forbidden */
export async function profileToChange(ctx: Context, id: string, action: 'update' | 'destroy'): Promise<Row> {
  const profile = await ctx.scope.lock('membership_profiles', id, action)
  await assertHoldsProfile(ctx, id)
  const holders = { organization_id: profile.organization_id, membership_id: null, membership_profile_id: id }
  await assertNotOwnSeat(ctx, holders)
  return profile
}
