import type { Context } from '../../access/context.js'
import { atRelationship } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { holdExactly } from '../application-memberships/assign.js'
import { assertHoldsProfile } from '../application-memberships/rank.js'
import { inviteMember } from './invite.js'
import { assertMayGiveProfile } from './owners.js'

interface Input {
  user_email: string
  organization: string
  role: string
  membership_profile?: string | null
  application_memberships?: string[]
}

/** Invites an address to a seat, with a profile and application memberships where they are sent.
 *  @throws AppError forbidden (403) for what opens an application with more than the caller holds */
export async function createMember(ctx: Context, input: Input): Promise<Outcome> {
  const { membership_profile: profile = null, application_memberships: wanted, ...invitation } = input
  if (profile !== null) {
    await assertHoldsProfile(ctx, profile, atRelationship('membership_profile'))
    await assertMayGiveProfile(ctx, input.organization, profile)
  }
  const seat = await inviteMember(ctx, { ...invitation, membership_profile_id: profile })
  if (wanted !== undefined) await holdExactly(ctx, { column: 'membership_id', id: seat.id }, wanted)
  return seat
}
