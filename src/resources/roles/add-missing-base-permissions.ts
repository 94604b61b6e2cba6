import type { Context } from '../../access/context.js'
import { AppError, violation } from '../../errors.js'
import { addBasePermissions } from './create.js'
import { assertMayTouchAllOf } from './holders.js'
import { assertNotOwnRole } from './rank.js'

/** Adds what the base set has gained since a custom role was made. Built-in roles have no rows to add to. */
export async function addMissingBasePermissions(ctx: Context, id: string): Promise<void> {
  const role = await ctx.scope.one('roles', id, 'update')
  if (role.kind !== 'custom') {
    const name = '_add_missing_base_permissions'
    throw new AppError('invalid', {
      issues: [violation({ name, title: 'works for custom roles only', error: 'invalid' })],
    })
  }
  await assertNotOwnRole(ctx, role)
  await assertMayTouchAllOf(ctx, role)
  const rows = await ctx.scope
    .from('permissions')
    .where({ role_id: id, organization_id: role.organization_id })
    .select('subject')
  await addBasePermissions(ctx, role, new Set(rows.map(({ subject }: { subject: string }) => subject)))
}
