import type { Context } from '../../access/context.js'
import type { By } from '../../access/scope.js'
import { AppError, violation } from '../../errors.js'

interface Input {
  id: string
  new_owner_email: string
}

/** Seats move by the right to own the organization, not by the right to edit seats. */
const AS_OWNER: By = ['own', 'organizations']

/** Makes another active member the owner, with the admin role; the caller keeps the seat and its role.
 *  @throws AppError invalid for an address without an active seat here; conflict when somebody else was faster */
export async function transferOwnership(ctx: Context, { id, new_owner_email: email }: Input): Promise<void> {
  // Transfers take turns at the organization's own row.
  await ctx.scope.lock('organizations', id, 'own')
  const seats = ctx.scope.from('memberships').where({ organization_id: id, status: 'active' })
  const mine = await seats
    .clone()
    .where({ user_id: ctx.principal.userId ?? '', owner: true })
    .first('id')
  if (mine === undefined) throw new AppError('conflict', { detail: 'The ownership has just been transferred.' })
  const theirs = await seats.clone().where({ user_email: email }).first('id', 'user_id')
  // The address must be proven and its user enabled, or a stranger could have taken it for this moment.
  const proven = await ctx.platform.userIdByEmail(email)
  if (theirs === undefined || theirs.user_id !== proven) {
    const issue = violation({
      name: 'new_owner_email',
      title: 'is not an active member of the organization',
      error: 'invalid',
    })
    throw new AppError('invalid', { issues: [issue] })
  }
  if (theirs.id === mine.id) return
  const admin = await ctx.scope.from('roles').where({ organization_id: id, kind: 'admin' }).first('id')
  const asOwner = ctx.scope.by(AS_OWNER)
  await asOwner.update('memberships', mine.id, { owner: false })
  await asOwner.update('memberships', theirs.id, { owner: true, role_id: admin?.id })
}
