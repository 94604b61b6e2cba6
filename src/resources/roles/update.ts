import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHolds } from './rank.js'

interface Input {
  id: string
  changes: Record<string, unknown>
}

/** Renames a role or changes its keys; never one that holds more than the caller. */
export async function updateRole(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  await assertHolds(ctx, id)
  await ctx.scope.update('roles', id, changes)
  return { id }
}
