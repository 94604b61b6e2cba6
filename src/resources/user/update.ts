import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'

interface Input {
  id: string
  changes: { email?: string }
}

/** Changes the caller's own user. A new address is unproven: it stops counting as the owner of that mailbox at once. */
export async function updateUser(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const row = await ctx.scope.one('user', id, 'update')
  const unproven = changes.email !== undefined && changes.email !== row.email ? { email_verified_at: null } : {}
  await ctx.scope.update('user', id, { ...changes, ...unproven })
  return { id }
}
