import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError, atAttribute, atRelationship, type ErrorSource } from '../../errors.js'

/** Refuses what would leave an organization without an owner who is its admin. The database holds the same line for two
 *  such changes at once (trigger memberships_last_owner).
 *  @throws AppError last_owner (409); forbidden when somebody else's owner seat is touched by one who is no owner */
export async function assertOwnerRemains(ctx: Context, seat: Row): Promise<void> {
  if (seat.owner !== true) return
  const where = { organization_id: seat.organization_id, owner: true, status: 'active' }
  const others = await ctx.scope.from('memberships').where(where).whereNot({ id: seat.id }).first('id')
  if (others === undefined) {
    throw new AppError('last_owner', {
      detail: 'This is the last owner: transfer the ownership of the organization first.',
    })
  }
  assertMayTouchOwner(ctx, seat)
}

/** Refuses to let anybody but an owner touch an owner's seat: an owner in person, for an application that has only named
 *  one, or that is narrowed, is none.
 *  @throws AppError forbidden */
export function assertMayTouchOwner(ctx: Context, seat: Row): void {
  if (seat.owner !== true || ctx.abilities.may('own', 'organizations', String(seat.organization_id))) return
  const detail =
    'Only an owner, with a token that nothing narrows, may end an owner’s seat or change its role, access and openings.'
  throw new AppError('forbidden', { detail })
}

/** Whether a seat is the caller's own. */
export const isOwnSeat = (ctx: Context, seat: Row): boolean =>
  ctx.principal.userId !== undefined && seat.user_id === ctx.principal.userId

/** The refusal to change what one's own seat gives. */
export const seatIsYours = (source?: ErrorSource): AppError =>
  new AppError('forbidden', {
    detail: 'This seat is your own: somebody else must change its role and access.',
    ...(source === undefined ? {} : { source }),
  })

/** The caller's own seat in an organization; of a machine, its maker's. Asked by the right to read roles, as in roles/rank: whose
 *  token reads no seats has one nonetheless. */
export async function ownSeat(ctx: Context, organization: string): Promise<Row | undefined> {
  const { membershipId } = ctx.abilities.grantIn(organization) ?? {}
  const [column, value] =
    membershipId === undefined ? ['user_id', await makerOf(ctx, organization)] : ['id', membershipId]
  if (value === undefined) return undefined
  const seats = ctx.scope.by(['read', 'roles']).from('memberships')
  return seats.where({ organization_id: organization, [column]: value }).first()
}

/** Who made the application that calls: what narrows them is not lifted through it either. */
async function makerOf(ctx: Context, organization: string): Promise<string | undefined> {
  const { organizationId, applicationId } = ctx.principal
  if (organizationId !== organization) return undefined
  const { created_by } = await ctx.scope.by(['read', 'application']).one('api_credentials', applicationId)
  const { type, id } = (created_by ?? {}) as { type?: string; id?: string }
  return type === 'users' ? id : undefined
}

/** An access scope to be given. */
export interface Given {
  readonly access_scope?: string | null | undefined
  /** Where it was asked for, if not as an attribute. */
  readonly at?: ErrorSource
}

/** Refuses to let a seat that opens the test mode only give more than that.
 *  @throws AppError forbidden */
export function assertMayGiveAccess(ctx: Context, organization: string, { access_scope: access, at }: Given): void {
  if (access === undefined || access === 'test_access') return
  if (ctx.abilities.grantIn(organization)?.testOnly !== true) return
  const detail = 'Your own seat, or application, opens the test mode only, so you may give no more.'
  throw new AppError('forbidden', { detail, source: at ?? atAttribute('access_scope') })
}

/** The same of what a seat gets by its profile, which counts before its own; without one the seat has its own again, and that
 *  may be more.
 *  @throws AppError forbidden */
export async function assertMayGiveProfile(ctx: Context, organization: string, profile: string | null): Promise<void> {
  if (ctx.abilities.grantIn(organization)?.testOnly !== true) return
  const access = profile === null ? null : String((await ctx.scope.one('membership_profiles', profile)).access_scope)
  assertMayGiveAccess(ctx, organization, { access_scope: access, at: atRelationship('membership_profile') })
}

/** Refuses to change the access that a seat shows, by whatever way: an owner's from below, one's own, and to more than one
 *  may give. Nobody but an owner may change an owner's, so owners may change their own; but they do not shut themselves in
 *  the test mode.
 *  @throws AppError forbidden */
export function assertMayChangeAccess(ctx: Context, seat: Row, given: Given): void {
  const { access_scope: access, at } = given
  if (access === undefined || access === seat.access_scope) return
  assertMayTouchOwner(ctx, seat)
  if (!isOwnSeat(ctx, seat)) assertMayGiveAccess(ctx, String(seat.organization_id), given)
  else if (seat.owner !== true || access === 'test_access') throw seatIsYours(at)
}
