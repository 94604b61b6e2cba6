import type { Context } from '../../access/context.js'
import { type Grant, permissionsOf, type RoleRights } from '../../access/grants.js'
import type { Row } from '../../access/guarded.js'
import { AppError, type ErrorSource } from '../../errors.js'

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

/** Refuses to change the role that gives the caller their own rights: nobody edits their own grants. */
export function assertNotOwnRole(ctx: Context, role: Row): void {
  if (grantFor(ctx, role)?.roleId !== role.id) return
  throw new AppError('forbidden', { detail: 'This role is your own: somebody else must change it.' })
}
