import type { Context } from '../../access/context.js'
import { AppError, atRelationship } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { assertOwnerRemains, isOwnSeat } from './owners.js'

interface Input {
  id: string
  changes: { role?: string; access_scope?: string | null }
}

/** Changes a seat. Its role and access are grants: nobody changes their own, and nobody gives or takes more than they hold.
 *  @throws AppError forbidden (403), last_owner (409) */
export async function updateMember(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { role, ...attributes } = changes
  const seat = await ctx.scope.lock('memberships', id, 'update')
  const roleChanges = role !== undefined && role !== seat.role_id
  const accessChanges = attributes.access_scope !== undefined && attributes.access_scope !== seat.access_scope
  if (roleChanges || accessChanges) {
    if (roleChanges) await assertOwnerRemains(ctx, seat)
    if (isOwnSeat(ctx, seat)) {
      throw new AppError('forbidden', {
        detail: 'This seat is your own: somebody else must change its role and access.',
      })
    }
  }
  await assertHolds(ctx, String(seat.role_id))
  if (roleChanges) await assertHolds(ctx, role, atRelationship('role'))
  await ctx.scope.update('memberships', id, { ...attributes, ...(role === undefined ? {} : { role_id: role }) })
  return { id }
}
