import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { holdExactly } from '../application-memberships/assign.js'
import { assertMayGiveAccess } from '../memberships/owners.js'

interface Input {
  organization: string
  access_scope?: string
  application_memberships?: string[]
}

/** Creates a profile with the application memberships that it bundles. */
export async function createProfile(ctx: Context, input: Input): Promise<Outcome> {
  const { organization, application_memberships: wanted, ...attributes } = input
  assertMayGiveAccess(ctx, organization, attributes)
  const { id } = await ctx.scope.insert('membership_profiles', { ...attributes, organization_id: organization })
  if (wanted !== undefined) await holdExactly(ctx, { column: 'membership_profile_id', id }, wanted)
  return { id }
}
