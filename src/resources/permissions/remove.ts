import type { Context } from '../../access/context.js'
import type { DeleteInput } from '../../jsonapi/define.js'
import { roleToChange } from './guard.js'

/** Takes a subject away from a custom role. */
export async function removePermission(ctx: Context, { id }: DeleteInput): Promise<undefined> {
  const permission = await ctx.scope.lock('permissions', id, 'destroy')
  await roleToChange(ctx, String(permission.role_id))
  await ctx.scope.remove('permissions', id)
}
