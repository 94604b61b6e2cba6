import type { Context } from '../../access/context.js'
import { atRelationship } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { checkFilterTargets } from './filters.js'
import { assertMayTouchHolders } from './rank.js'

interface Input {
  id: string
  changes: { role?: string; membership_profile?: string | null; filters?: Record<string, unknown> | null }
}

/** Changes what a seat may do through an application; counts for tokens already issued within a second.
 *  @throws AppError forbidden (403) for a role, old or new, or a seat that holds more than the caller */
export async function changeOpening(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { role, membership_profile: profile, ...attributes } = changes
  const row = await ctx.scope.lock('application_memberships', id, 'update')
  await assertHolds(ctx, String(row.role_id))
  if (role !== undefined) await assertHolds(ctx, role, atRelationship('role'))
  const keys = {
    ...(role === undefined ? {} : { role_id: role }),
    ...(profile === undefined ? {} : { membership_profile_id: profile }),
  }
  const isOther = Object.entries(keys).some(([key, value]) => row[key] !== value)
  // What it is called and what is noted beside it is nobody's access.
  if (isOther || attributes.filters !== undefined)
    for (const holders of [row, { ...row, ...keys }]) await assertMayTouchHolders(ctx, holders as never)
  await checkFilterTargets(ctx, String(row.organization_id), attributes.filters)
  await ctx.scope.update('application_memberships', id, { ...attributes, ...keys })
  return { id }
}
