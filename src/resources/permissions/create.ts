import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHoldsFlags, type Flags, roleToChange } from './guard.js'

interface Input extends Required<Flags> {
  subject: string
  role: string
}

/** Adds a subject to a custom role; the organization follows the role. One permission a role and subject: else 409. */
export async function createPermission(ctx: Context, { role: roleId, ...attributes }: Input): Promise<Outcome> {
  const role = await roleToChange(ctx, roleId)
  assertHoldsFlags(ctx, role, attributes)
  const row = { ...attributes, role_id: role.id, organization_id: role.organization_id }
  const { id } = await ctx.scope.insert('permissions', row)
  return { id }
}
