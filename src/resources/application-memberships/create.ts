import type { Context } from '../../access/context.js'
import { atRelationship } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { checkFilterTargets } from './filters.js'
import { assertMayTouchHolders } from './rank.js'

interface Input {
  organization: string
  api_credential: string
  role: string
  membership?: string | null
  membership_profile?: string | null
  filters?: Record<string, unknown> | null
}

/** Opens an application to a seat, or to all seats with a profile, that stand no higher than the caller, with a role that the
 *  caller holds.
 *  @throws AppError forbidden (403), not_found (404), taken (409) when it is open already */
export async function openApplication(ctx: Context, input: Input): Promise<Outcome> {
  const { organization, api_credential, role, membership = null, membership_profile = null, ...attributes } = input
  await assertHolds(ctx, role, atRelationship('role'))
  const row = {
    filters: null,
    ...attributes,
    organization_id: organization,
    api_credential_id: api_credential,
    role_id: role,
    membership_id: membership,
    membership_profile_id: membership_profile,
  }
  await assertMayTouchHolders(ctx, row)
  await checkFilterTargets(ctx, organization, row.filters)
  const { id } = await ctx.scope.insert('application_memberships', row)
  return { id }
}
