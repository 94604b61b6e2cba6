import type { Knex } from 'knex'
import { findInvitation, type Invitation, seatInvited } from '../../access/invitations.js'
import type { Secrets } from '../../crypto/secrets.js'
import { AppError } from '../../errors.js'

/** Who comes with an invitation's token. There is no Context: the invitee stands in no organization yet. */
export interface Invited {
  readonly knex: Knex
  readonly secrets: Pick<Secrets, 'hash'>
  readonly token: string
  readonly now: Date
  readonly requestId?: string | null
}

/** The one refusal of a token: unknown, used, expired, revoked and another address's cannot be told apart. */
export const noInvitation = (): AppError =>
  new AppError('not_found', {
    detail: 'This invitation is not valid any more, or is for another address. Ask for a new one.',
  })

/** What an invitation says, for the page that asks whether to accept.
 *  @throws AppError not_found */
export async function readInvitation({ knex, secrets, token, now }: Invited): Promise<Invitation> {
  const found = await findInvitation(knex, { tokenHash: secrets.hash(token), now })
  if (found === undefined) throw noInvitation()
  return found
}

/** Accepts an invitation: `pending → active`, once, for the user whose address was invited. Commits on its own.
 *  @throws AppError not_found, one answer for every reason.  Source: ATTACKS J10 */
export async function acceptInvitation(
  invited: Invited & { userId: string },
): Promise<{ organizationId: string; membershipId: string }> {
  const { knex, secrets, token, now, userId, requestId = null } = invited
  const seat = await seatInvited(knex, { tokenHash: secrets.hash(token), now, userId, requestId })
  if (seat === undefined) throw noInvitation()
  return seat
}
