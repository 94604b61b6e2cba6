import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHoldsFlags, type Flags, roleToChange } from './guard.js'

interface Input {
  id: string
  changes: Flags
}

/** Changes what a custom role may do to a subject; counts for tokens already issued within a second. */
export async function updatePermission(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const permission = await ctx.scope.lock('permissions', id, 'update')
  const role = await roleToChange(ctx, String(permission.role_id))
  assertHoldsFlags(ctx, role, { ...changes, subject: String(permission.subject) })
  await ctx.scope.update('permissions', id, { ...changes })
  return { id }
}
