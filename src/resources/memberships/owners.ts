import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError } from '../../errors.js'

/** Refuses what would leave an organization without an owner who is its admin. The database holds the same line for two
 *  such changes at once (trigger memberships_last_owner).
 *  @throws AppError last_owner (409); forbidden when somebody else's owner seat is touched by one who is no owner */
export async function assertOwnerRemains(ctx: Context, seat: Row): Promise<void> {
  if (seat.owner !== true) return
  const where = { organization_id: seat.organization_id, owner: true, status: 'active' }
  const others = await ctx.scope.from('memberships').where(where).whereNot({ id: seat.id }).first('id')
  if (others === undefined) {
    throw new AppError('last_owner', {
      detail: 'This is the last owner: transfer the ownership of the organization first.',
    })
  }
  if (ctx.abilities.grantIn(String(seat.organization_id))?.owner !== true) {
    throw new AppError('forbidden', { detail: 'Only an owner may change or end the seat of an owner.' })
  }
}

/** Whether a seat is the caller's own. */
export const isOwnSeat = (ctx: Context, seat: Row): boolean =>
  ctx.principal.userId !== undefined && seat.user_id === ctx.principal.userId
