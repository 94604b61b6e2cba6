import type { Context } from '../../access/context.js'
import { AppError } from '../../errors.js'
import { assertHolds } from '../roles/rank.js'
import { newInvitation, tellInvitation } from './invite.js'
import { assertMayGiveAccess } from './owners.js'

const conflict = (detail: string): AppError => new AppError('conflict', { detail })

/** Sends an invitation again, also after it has expired: a new token and a new expiry on the same row; the old token is
 *  dead. One that was revoked stays so: inviting the address anew is another decision.
 *  @throws AppError conflict, forbidden, too_many */
export async function resendInvitation(ctx: Context, { id }: { id: string }): Promise<void> {
  const seat = await ctx.scope.lock('memberships', id, 'update')
  if (seat.status !== 'pending') throw conflict('The invitation has been accepted: there is nothing to send again.')
  if (seat.invitation_status === 'revoked') {
    throw conflict('The invitation was revoked: invite the address again with POST /memberships.')
  }
  await assertHolds(ctx, String(seat.role_id))
  assertMayGiveAccess(ctx, String(seat.organization_id), { access_scope: String(seat.access_scope) })
  await ctx.limits.take('invitation', id)
  const invitation = await newInvitation(ctx, String(seat.organization_id), ['update', 'memberships'])
  await ctx.scope.update('memberships', id, invitation.columns)
  await tellInvitation(ctx, seat, invitation)
}
