import type { Context } from '../../access/context.js'
import type { DeleteInput } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { assertMayTouchHolders } from './rank.js'

/** Takes an application membership away. A webapp then goes by the seat's own role again.
 *  @throws AppError forbidden (403) */
export async function closeApplication(ctx: Context, { id }: DeleteInput): Promise<undefined> {
  const row = await ctx.scope.lock('application_memberships', id, 'destroy')
  await assertHolds(ctx, String(row.role_id))
  await assertMayTouchHolders(ctx, row as never)
  await ctx.scope.remove('application_memberships', id)
}
