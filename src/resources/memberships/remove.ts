import type { Context } from '../../access/context.js'
import type { DeleteInput } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { assertOwnerRemains, isOwnSeat } from './owners.js'

/** Ends a seat, one's own or (by right) another's; its rights end with it, also for tokens already issued.
 *  @throws AppError last_owner (409), forbidden (403) */
export async function removeMember(ctx: Context, { id }: DeleteInput): Promise<undefined> {
  const seat = await ctx.scope.lock('memberships', id, 'destroy')
  await assertOwnerRemains(ctx, seat)
  if (!isOwnSeat(ctx, seat)) await assertHolds(ctx, String(seat.role_id))
  await ctx.scope.remove('memberships', id)
}
