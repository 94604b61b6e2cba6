import type { Context } from '../../access/context.js'
import { type Grant, permissionsOf, type RoleRights } from '../../access/grants.js'
import type { Row } from '../../access/guarded.js'
import { AppError, type ErrorSource } from '../../errors.js'
import { ownSeat } from '../memberships/owners.js'

/** What a role gives. Whoever may read a role may have it compared with what they hold: were its permissions read by the
 *  caller's right to read permissions, a role would look empty to those who have none, and anybody could give it. */
export async function rightsOf(ctx: Context, role: Row): Promise<RoleRights> {
  const kind = role.kind as RoleRights['kind']
  if (kind !== 'custom') return { kind, permissions: {} }
  const asReader = ctx.scope.by(['read', 'roles'])
  const rows = await asReader.from('permissions').where({ role_id: role.id, organization_id: role.organization_id })
  return { kind, permissions: permissionsOf(rows) }
}

/** Whether the caller holds all that a role gives. */
export const holdsRole = async (ctx: Context, role: Row): Promise<boolean> =>
  ctx.abilities.holds(String(role.organization_id), await rightsOf(ctx, role))

/** Refuses to give, take or touch a role that holds more than the caller does (DECISIONS 3).
 *  @returns the role's row
 *  @throws AppError forbidden, pointing at `source` */
export async function assertHolds(ctx: Context, roleId: string, source?: ErrorSource): Promise<Row> {
  const role = await ctx.scope.one('roles', roleId)
  if (await holdsRole(ctx, role)) return role
  const detail = `The role "${String(role.name)}" gives more than you hold, so you may neither give nor change it.`
  throw new AppError('forbidden', { detail, ...(source === undefined ? {} : { source }) })
}

/** The caller's own standing in a row's organization. */
export const grantFor = (ctx: Context, row: Row): Grant | undefined =>
  ctx.abilities.grantIn(String(row.organization_id))

/** Whether a role narrows the caller's own seat through an application, or all seats with its profile. An admin in full is
 *  not asked: it can give them nothing. */
async function narrowsCaller(ctx: Context, role: Row): Promise<boolean> {
  const organization = String(role.organization_id)
  if (ctx.abilities.holds(organization, { kind: 'admin', permissions: {} })) return false
  const seat = await ownSeat(ctx, organization)
  if (seat === undefined) return false
  const openings = ctx.scope.by(['read', 'roles']).from('application_memberships')
  const profiles = seat.membership_profile_id === null ? [] : [String(seat.membership_profile_id)]
  const named = await openings
    .where({ organization_id: organization, role_id: role.id })
    .where((one) => one.where({ membership_id: seat.id }).orWhereIn('membership_profile_id', profiles))
    .first('id')
  return named !== undefined
}

/** Refuses to change the role that gives the caller their own rights, or that narrows them: nobody edits their own grants.
 *  @throws AppError forbidden */
export async function assertNotOwnRole(ctx: Context, role: Row): Promise<void> {
  if (grantFor(ctx, role)?.roleId !== role.id && !(await narrowsCaller(ctx, role))) return
  const detail = 'This role is your own, by your seat or by its application memberships: somebody else must change it.'
  throw new AppError('forbidden', { detail })
}
