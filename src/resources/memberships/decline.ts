import { declineInvited } from '../../access/invitations.js'
import { type Invited, noInvitation } from './accept.js'

/** Declines an invitation: it is revoked, and may be made anew. Its token is proof enough; no account is needed.
 *  @throws AppError not_found, as acceptInvitation */
export async function declineInvitation({ knex, secrets, token, now, requestId = null }: Invited): Promise<void> {
  const declined = await declineInvited(knex, { tokenHash: secrets.hash(token), now, requestId })
  if (!declined) throw noInvitation()
}
