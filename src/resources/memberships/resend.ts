import type { Context } from '../../access/context.js'
import { AppError } from '../../errors.js'
import { assertHolds } from '../roles/rank.js'
import { newInvitation, tellInvitation } from './invite.js'

/** Sends an invitation again: a new token and a new expiry on the same row; the old token is dead. */
export async function resendInvitation(ctx: Context, { id }: { id: string }): Promise<void> {
  const seat = await ctx.scope.lock('memberships', id, 'update')
  if (seat.status !== 'pending') {
    throw new AppError('conflict', { detail: 'The invitation has been accepted: there is nothing to send again.' })
  }
  await assertHolds(ctx, String(seat.role_id))
  const invitation = newInvitation(ctx)
  await ctx.scope.update('memberships', id, invitation.columns)
  await tellInvitation(ctx, seat, invitation)
}
