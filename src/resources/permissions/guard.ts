import type { Context } from '../../access/context.js'
import { permissionsOf } from '../../access/grants.js'
import type { Row } from '../../access/guarded.js'
import { AppError, atAttribute, atRelationship, violation } from '../../errors.js'
import { assertMayTouchAllOf } from '../roles/holders.js'
import { assertHolds, assertNotOwnRole } from '../roles/rank.js'

export interface Flags {
  can_create?: boolean
  can_read?: boolean
  can_update?: boolean
  can_destroy?: boolean
}

/** The role whose permissions are to change.
 *  @throws AppError invalid for a built-in role; forbidden for the caller's own role and for one that holds more */
export async function roleToChange(ctx: Context, roleId: string): Promise<Row> {
  const role = await assertHolds(ctx, roleId, atRelationship('role'))
  if (role.kind !== 'custom') {
    const title = 'must be a custom role: the rights of built-in roles are fixed'
    throw new AppError('invalid', {
      issues: [violation({ name: 'role', title, error: 'invalid', source: atRelationship('role') })],
    })
  }
  await assertNotOwnRole(ctx, role)
  await assertMayTouchAllOf(ctx, role)
  return role
}

/** Refuses to grant what the caller does not hold. */
export function assertHoldsFlags(ctx: Context, role: Row, { subject, ...flags }: Flags & { subject: string }): void {
  const { can_create = false, can_read = false, can_update = false, can_destroy = false } = flags
  const permissions = permissionsOf([{ subject, can_create, can_read, can_update, can_destroy }])
  if (ctx.abilities.holds(String(role.organization_id), { kind: 'custom', permissions })) return
  const detail = `You may not grant more on ${subject} than you hold yourself.`
  throw new AppError('forbidden', { detail, source: atAttribute('subject') })
}
