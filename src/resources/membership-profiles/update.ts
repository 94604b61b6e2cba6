import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { holdExactly } from '../application-memberships/assign.js'
import { assertMayGiveHolders, assertMayTouchHoldersOf, profileToChange } from './guard.js'

interface Input {
  id: string
  changes: { application_memberships?: string[]; access_scope?: string }
}

/** Changes a profile, for all seats that have it. Application memberships that are sent replace those that it held.
 *  @throws AppError forbidden (403), invalid (422) */
export async function updateProfile(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { application_memberships: wanted, ...attributes } = changes
  const profile = await profileToChange(ctx, id, 'update')
  const { access_scope = profile.access_scope } = attributes
  if (wanted !== undefined || access_scope !== profile.access_scope) await assertMayTouchHoldersOf(ctx, profile)
  await assertMayGiveHolders(ctx, profile, attributes)
  await ctx.scope.update('membership_profiles', id, attributes)
  if (wanted === undefined) return { id }
  const difference = await holdExactly(ctx, { column: 'membership_profile_id', id }, wanted)
  if (difference !== undefined)
    await ctx.scope.touch('membership_profiles', id, { application_memberships: difference })
  return { id }
}
