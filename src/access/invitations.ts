import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { newId } from '../ids.js'
import { type Principal, whoIs } from './principal.js'

/** An invitation as whoever holds its token may see it. */
export interface Invitation {
  readonly organizationId: string
  readonly membershipId: string
  readonly organization: string
  readonly email: string
  readonly expiresAt: string
  /** Name of the role; null where it is gone. */
  readonly role: string | null
  /** Who has invited: the name, or the address of who has none; null where nobody is known. */
  readonly inviter: string | null
  /** The organization's own look, as its row has it. */
  readonly logoUrl: string | null
  readonly primaryColor: string | null
  /** Whether the address has an account. Whoever holds the token has the mailbox, so it is theirs to know. */
  readonly known: boolean
}

/** Who holds an invitation's token: its keyed hash, and the time at which it must still be good. */
export interface Holder {
  readonly tokenHash: string
  readonly now: Date
}

type Who = Readonly<Record<string, unknown>>

/** What makes an invitation acceptable; one text, so that every way to it asks the same. */
const OPEN = `m.invitation_token_hash = :tokenHash and m.status = 'pending' and m.invitation_status = 'pending'
  and m.invitation_expires_at > :now and exists (
    select from organizations o where o.id = m.organization_id and o.deleted_at is null and o.suspended_at is null)`

interface Moved {
  organization_id: string
  id: string
}

/** The door cannot be used here (the caller has no standing in the organization yet), so the history is written here. */
async function tell(
  trx: Transaction,
  rows: readonly Moved[],
  change: { changes: object; who: Who; now: Date; requestId: string | null },
) {
  const { changes, who, now, requestId } = change
  const versions = rows.map(({ organization_id, id: resource_id }) => ({
    id: newId(),
    organization_id,
    resource_type: 'memberships',
    resource_id,
    event: 'update',
    changes: JSON.stringify(changes),
    who: JSON.stringify(who),
    request_id: requestId,
    created_at: now,
  }))
  if (versions.length > 0) await trx('versions').insert(versions)
}

/** The open invitation of a token; undefined when it is unknown, used, expired or revoked. */
export function findInvitation(knex: Knex, { tokenHash, now }: Holder): Promise<Invitation | undefined> {
  return asAuth(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: Invitation[] }>(
      `select m.organization_id as "organizationId", m.id as "membershipId", m.user_email as email,
        m.invitation_expires_at as "expiresAt",
        o.name as organization, o.logo_url as "logoUrl", o.primary_color as "primaryColor",
        (select name from roles r where r.organization_id = m.organization_id and r.id = m.role_id) as role,
        (select coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email)
          from users u where u.id = m.invited_by) as inviter,
        exists (select from users u where u.email = m.user_email) as known
      from memberships m join organizations o on o.id = m.organization_id where ${OPEN}`,
      { tokenHash, now },
    )
    return rows[0]
  })
}

interface Seating extends Holder {
  readonly userId: string
  readonly requestId: string | null
}

interface Seat {
  readonly organizationId: string
  readonly membershipId: string
}

/** Seats a user by an open invitation to the user's own address: one statement, so that of twenty at once one wins.
 *  @returns the seat; undefined when the invitation is not open, or is another address's */
export function seatInvited(knex: Knex, seating: Seating): Promise<Seat | undefined> {
  return asAuth(knex, (trx) => seatInvitedIn(trx, seating))
}

/** The same in the caller's transaction, which runs as gatehouse_auth. */
export async function seatInvitedIn(
  trx: Transaction,
  { tokenHash, now, userId, requestId }: Seating,
): Promise<Seat | undefined> {
  const { rows } = await trx.raw<{ rows: Moved[] }>(
    `update memberships m set status = 'active', user_id = u.id, invitation_status = 'accepted', accepted_at = :now,
        invitation_token_hash = null, updated_at = :now
      from users u where u.id = :userId and u.disabled_at is null and u.email = m.user_email and ${OPEN}
      returning m.organization_id, m.id`,
    { tokenHash, now, userId },
  )
  const [seat] = rows
  if (seat === undefined) return undefined
  const changes = {
    status: ['pending', 'active'],
    invitation_status: ['pending', 'accepted'],
    user_id: [null, userId],
  }
  await tell(trx, rows, { changes, who: { user: { id: userId } }, now, requestId })
  return { organizationId: seat.organization_id, membershipId: seat.id }
}

/** Ends an open invitation because the invitee does not want it.  @returns whether it was open */
export function declineInvited(
  knex: Knex,
  { tokenHash, now, requestId }: Holder & { requestId: string | null },
): Promise<boolean> {
  return asAuth(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: Moved[] }>(
      `update memberships m set invitation_status = 'revoked', invitation_token_hash = null, updated_at = :now
        where ${OPEN} returning m.organization_id, m.id`,
      { tokenHash, now },
    )
    const changes = { invitation_status: ['pending', 'revoked'] }
    await tell(trx, rows, { changes, who: { invitee: true }, now, requestId })
    return rows.length > 0
  })
}

/** Revokes what a user has invited and nobody has accepted yet, in the transaction that ends the user's seat. It needs no
 *  right of its own: whoever may end the seat, ends what hangs on it. The tenant's lock is on. */
export async function revokeInvitationsOf(
  trx: Transaction,
  seat: { organizationId: string; userId: string },
  by: { principal: Principal; requestId: string; now: Date },
): Promise<string[]> {
  const { now, principal, requestId } = by
  const rows: Moved[] = await trx('memberships')
    .where({
      organization_id: seat.organizationId,
      invited_by: seat.userId,
      status: 'pending',
      invitation_status: 'pending',
    })
    .update({ invitation_status: 'revoked', invitation_token_hash: null, updated_at: now })
    .returning(['organization_id', 'id'])
  await tell(trx, rows, {
    changes: { invitation_status: ['pending', 'revoked'] },
    who: whoIs(principal),
    now,
    requestId,
  })
  return rows.map(({ id }) => id)
}
