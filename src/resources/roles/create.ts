import type { Context } from '../../access/context.js'
import { permissionsOf } from '../../access/grants.js'
import type { Row } from '../../access/guarded.js'
import type { Outcome } from '../../jsonapi/define.js'

interface Input {
  name: string
  organization: string
}

/** Gives a custom role those permissions of the base set that it lacks, as far as the caller holds them. */
export async function addBasePermissions(ctx: Context, role: Row, present: ReadonlySet<unknown>): Promise<void> {
  const organization = String(role.organization_id)
  const missing = (await ctx.platform.basePermissions()).filter(
    (permission) =>
      !present.has(permission.subject) &&
      ctx.abilities.holds(organization, { kind: 'custom', permissions: permissionsOf([permission]) }),
  )
  const rows = missing.map((permission) => ({ ...permission, organization_id: organization, role_id: role.id }))
  await ctx.scope.by(['create', 'roles']).insertAll('permissions', rows)
}

/** Creates a custom role with the base set (DECISIONS 3). */
export async function createRole(ctx: Context, { organization, ...attributes }: Input): Promise<Outcome> {
  const row = { ...attributes, kind: 'custom', organization_id: organization }
  const role = await ctx.scope.insert('roles', row)
  await addBasePermissions(ctx, role, new Set())
  return { id: role.id }
}
