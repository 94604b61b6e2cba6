import type { Context } from '../../access/context.js'
import { AppError } from '../../errors.js'
import { assertHolds } from '../roles/rank.js'

/** Withdraws an invitation: its token is dead, the row stays for the record and for a new invitation. Twice is once.
 *  @throws AppError conflict when it has been accepted, forbidden for a role beyond the caller's own */
export async function revokeInvitation(ctx: Context, id: string): Promise<void> {
  const seat = await ctx.scope.lock('memberships', id, 'update')
  if (seat.status !== 'pending') {
    throw new AppError('conflict', { detail: 'The invitation has been accepted: delete the membership to end it.' })
  }
  await assertHolds(ctx, String(seat.role_id))
  await ctx.scope.update('memberships', id, { invitation_status: 'revoked', invitation_token_hash: null })
}
