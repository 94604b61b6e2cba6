import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { atRelationship } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'

interface Input {
  user_email: string
  organization: string
  role: string
}

/** Recognisable in a leak: an invitation token. */
const PREFIX = 'gh_invite_'

/** Columns of a new invitation, whose token is kept as a keyed hash, and the token itself for the mail. */
export function newInvitation(ctx: Context): { columns: Record<string, unknown>; token: string; expiresAt: Date } {
  const token = ctx.secrets.newSecret(PREFIX)
  const expiresAt = new Date(ctx.now.getTime() + ctx.settings.invitationSeconds * 1000)
  const columns = {
    invitation_status: 'pending',
    invitation_token_hash: ctx.secrets.hash(token),
    invitation_expires_at: expiresAt.toISOString(),
  }
  return { columns, token, expiresAt }
}

/** Queues the mail of an invitation, in the transaction that makes it. */
export async function tellInvitation(
  ctx: Context,
  seat: Row,
  invitation: { token: string; expiresAt: Date },
): Promise<void> {
  const organization = await ctx.scope.one('organizations', String(seat.organization_id), 'read')
  const message = {
    kind: 'invitation' as const,
    email: String(seat.user_email),
    organization: String(organization.name),
    token: invitation.token,
    expiresAt: invitation.expiresAt.toISOString(),
  }
  await ctx.outbox.enqueue(message, String(seat.organization_id))
}

/** Invites an address to a seat: pending until accepted. One seat an organization and address, else 409.
 *  With AUTO_ACTIVATE_KNOWN_USERS an address that has an account gets its seat at once, as the contract has it. */
export async function inviteMember(ctx: Context, { organization, role, ...attributes }: Input): Promise<Outcome> {
  await assertHolds(ctx, role, atRelationship('role'))
  const seat = { ...attributes, organization_id: organization, role_id: role, owner: false }
  const known = ctx.settings.autoActivateKnownUsers
    ? await ctx.platform.userIdByEmail(attributes.user_email)
    : undefined
  const invitedBy = { invited_by: ctx.principal.userId ?? null }
  if (known !== undefined) {
    const active = { user_id: known, status: 'active', invitation_status: 'accepted', accepted_at: ctx.now }
    const { id } = await ctx.scope.insert('memberships', { ...seat, ...active, ...invitedBy })
    return { id }
  }
  const invitation = newInvitation(ctx)
  const pending = { user_id: null, status: 'pending', ...invitation.columns }
  const row = await ctx.scope.insert('memberships', { ...seat, ...pending, ...invitedBy })
  await tellInvitation(ctx, row, invitation)
  return { id: row.id }
}
