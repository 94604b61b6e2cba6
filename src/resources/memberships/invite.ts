import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import type { By } from '../../access/scope.js'
import { AppError, atAttribute, atRelationship } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { assertMayGiveAccess, seatIsYours } from './owners.js'

interface Input {
  user_email: string
  organization: string
  role: string
  membership_profile_id?: string | null
  access_scope?: string | null
}

/** Recognisable in a leak: an invitation token. */
const PREFIX = 'gh_invite_'

/** Whoever may invite, may find out what became of an earlier invitation of the address, and use its row again. */
const AS_INVITER: By = ['create', 'memberships']

interface NewInvitation {
  readonly columns: Record<string, unknown>
  readonly token: string
  readonly expiresAt: Date
  readonly organization: string
}

/** Columns of a new invitation, whose token is kept as a keyed hash, and the token itself for the mail. It lives as long
 *  as the organization says. */
export async function newInvitation(
  ctx: Context,
  organizationId: string,
  right: By = AS_INVITER,
): Promise<NewInvitation> {
  const organization = await ctx.scope.by(right).one('organizations', organizationId)
  const token = ctx.secrets.newSecret(PREFIX)
  const expiresAt = new Date(ctx.now.getTime() + Number(organization.invitation_expires_in) * 1000)
  const columns = {
    invitation_status: 'pending',
    invitation_token_hash: ctx.secrets.hash(token),
    invitation_expires_at: expiresAt.toISOString(),
  }
  return { columns, token, expiresAt, organization: String(organization.name) }
}

/** Queues the mail of an invitation, in the transaction that makes it. However many organizations invite an address: its
 *  mailbox gets so many.  @throws AppError too_many */
export async function tellInvitation(ctx: Context, seat: Row, invitation: NewInvitation): Promise<void> {
  const email = String(seat.user_email)
  await ctx.limits.take('mail', email)
  const message = {
    kind: 'invitation' as const,
    email,
    organization: invitation.organization,
    token: invitation.token,
    expiresAt: invitation.expiresAt.toISOString(),
  }
  await ctx.outbox.enqueue(message, String(seat.organization_id))
}

const isOpen = (ctx: Context, seat: Row): boolean =>
  seat.invitation_status === 'pending' && new Date(String(seat.invitation_expires_at)) > ctx.now

/** The row of an earlier invitation that came to nothing, locked; undefined when the address is new here.
 *  @throws AppError taken while the address has a seat or an open invitation */
async function deadInvitation(ctx: Context, organization: string, email: string): Promise<Row | undefined> {
  const asInviter = ctx.scope.by(AS_INVITER)
  const where = { organization_id: organization, user_email: email }
  const found: Row | undefined = await asInviter.from('memberships').where(where).first('id')
  if (found === undefined) return undefined
  const seat = await asInviter.lock('memberships', found.id, 'create')
  if (seat.status === 'pending' && !isOpen(ctx, seat)) return seat
  throw new AppError('taken', {
    detail: 'user_email - has already been taken',
    source: atAttribute('user_email'),
    meta: { error: 'taken' },
  })
}

/** Uses the row of a dead invitation for a new one, of which nothing of the earlier one is part: neither what it opened nor
 *  what it was called. */
async function useAgain(ctx: Context, { id, organization_id }: Row, row: Record<string, unknown>): Promise<Row> {
  await ctx.platform.endApplicationsOf({ organizationId: String(organization_id), membershipId: id })
  const blank = { reference: null, reference_origin: null }
  return ctx.scope.by(AS_INVITER).update('memberships', id, { ...blank, ...row })
}

/** Invites an address to a seat: pending until accepted. One row an organization and address: one that has expired or was
 *  revoked is used again, else 409. With AUTO_ACTIVATE_KNOWN_USERS an address that has an account gets its seat at once,
 *  as the contract has it. */
export async function inviteMember(ctx: Context, { organization, role, ...attributes }: Input): Promise<Outcome> {
  await assertHolds(ctx, role, atRelationship('role'))
  assertMayGiveAccess(ctx, organization, attributes)
  const dead = await deadInvitation(ctx, organization, attributes.user_email)
  const { userId } = ctx.principal
  if (userId !== undefined && (await ctx.platform.userIdByEmail(attributes.user_email)) === userId) throw seatIsYours()
  const seat = { ...attributes, organization_id: organization, role_id: role, owner: false }
  const invitedBy = { invited_by: ctx.principal.userId ?? null }
  const put = (row: Record<string, unknown>): Promise<Row> =>
    dead === undefined ? ctx.scope.insert('memberships', row) : useAgain(ctx, dead, row)
  const known = ctx.settings.autoActivateKnownUsers
    ? await ctx.platform.userIdByEmail(attributes.user_email)
    : undefined
  if (known !== undefined) {
    const accepted = { invitation_status: 'accepted', accepted_at: ctx.now.toISOString(), invitation_token_hash: null }
    const { id } = await put({ ...seat, user_id: known, status: 'active', ...accepted, ...invitedBy })
    return { id }
  }
  const invitation = await newInvitation(ctx, organization)
  const row = await put({ ...seat, user_id: null, status: 'pending', ...invitation.columns, ...invitedBy })
  await tellInvitation(ctx, row, invitation)
  return { id: row.id }
}
