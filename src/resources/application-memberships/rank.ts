import type { Knex } from 'knex'
import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError, type ErrorSource } from '../../errors.js'
import { assertMayGiveAccess, assertMayTouchOwner, ownSeat } from '../memberships/owners.js'
import { assertHolds, holdsRole } from '../roles/rank.js'

interface Holders {
  readonly organization_id: unknown
  readonly membership_id: unknown
  readonly membership_profile_id: unknown
}

const present = (id: unknown): string[] => (id === null ? [] : [String(id)])

/** Refuses to change what the caller's own seat may do through an application, unless the caller is an admin in full, to
 *  whom it can give nothing: what narrows a seat must not be lifted by the one whom it narrows.
 *  @throws AppError forbidden */
export async function assertNotOwnSeat(ctx: Context, holders: Holders): Promise<void> {
  const organization = String(holders.organization_id)
  if (ctx.abilities.holds(organization, { kind: 'admin', permissions: {} })) return
  const mine = await ownSeat(ctx, organization)
  if (mine === undefined) return
  const direct = mine.id === holders.membership_id
  const shared = mine.membership_profile_id !== null && mine.membership_profile_id === holders.membership_profile_id
  if (!direct && !shared) return
  throw new AppError('forbidden', { detail: 'This concerns your own seat: somebody else must change it.' })
}

interface Seats {
  readonly ids: readonly string[] | Knex.QueryBuilder
  readonly profiles: readonly string[] | Knex.QueryBuilder
}

/** Refuses seats of which one holds more than the caller, or is an owner's. */
async function assertStandsOver(ctx: Context, organization: string, { ids, profiles }: Seats): Promise<void> {
  // Asked by the right to read roles, as in roles/rank: seats that one may not look at must not look like none.
  const seats = ctx.scope.by(['read', 'roles']).from('memberships').where({ organization_id: organization })
  const found: Row[] = await seats
    .where((seat) => seat.whereIn('id', ids as string[]).orWhereIn('membership_profile_id', profiles as string[]))
    .distinct('organization_id', 'role_id', 'owner', 'access_scope')
  for (const seat of found) {
    assertMayTouchOwner(ctx, seat)
    assertMayGiveAccess(ctx, organization, { access_scope: String(seat.access_scope) })
    const role = await ctx.scope.one('roles', String(seat.role_id))
    if (await holdsRole(ctx, role)) continue
    // Without the role's name: who may not look at the seat does not learn of it here.
    const detail = 'This concerns a seat whose role gives more than you hold: somebody with as much must change it.'
    throw new AppError('forbidden', { detail })
  }
}

/** Refuses to change what seats may do through applications, be it one or all that have a profile, where one of them is the
 *  caller's own, holds more than the caller, or is an owner's: what narrows a seat is neither lifted nor laid on from below.
 *  @throws AppError forbidden */
export async function assertMayTouchHolders(ctx: Context, holders: Holders): Promise<void> {
  await assertNotOwnSeat(ctx, holders)
  const { organization_id, membership_id, membership_profile_id } = holders
  const seats = { ids: present(membership_id), profiles: present(membership_profile_id) }
  await assertStandsOver(ctx, String(organization_id), seats)
}

/** The same of all seats that a role narrows in applications, where it is to be replaced by another.
 *  @throws AppError forbidden */
export async function assertMayTouchNarrowed(ctx: Context, role: Row): Promise<void> {
  const where = { organization_id: role.organization_id, role_id: role.id }
  const openings = ctx.scope.by(['read', 'roles']).from('application_memberships').where(where)
  const seats = {
    ids: openings.clone().select('membership_id'),
    profiles: openings.clone().select('membership_profile_id'),
  }
  await assertStandsOver(ctx, String(role.organization_id), seats)
}

/** Refuses a profile that opens an application with a role that holds more than the caller does.
 *  @throws AppError forbidden, pointing at `source` */
export async function assertHoldsProfile(ctx: Context, profileId: string, source?: ErrorSource): Promise<void> {
  // Asked by the right to read roles, as in roles/rank: a bundle that one may not look into must not look empty.
  const asReader = ctx.scope.by(['read', 'roles'])
  const rows: Row[] = await asReader
    .from('application_memberships')
    .where({ membership_profile_id: profileId })
    .distinct('role_id')
  for (const { role_id } of rows) await assertHolds(ctx, String(role_id), source)
}
