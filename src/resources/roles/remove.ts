import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError, violation } from '../../errors.js'
import { ID_PATTERN } from '../../ids.js'
import type { DeleteInput } from '../../jsonapi/define.js'
import { assertMayTouchAllOf } from './holders.js'
import { assertHolds, assertNotOwnRole } from './rank.js'

/** Tables whose rows hold a role, by subject. */
const HOLDERS = ['memberships', 'api_credentials', 'application_memberships'] as const

const refuse = (title: string): AppError =>
  new AppError('invalid', {
    issues: [violation({ name: 'reassign_to', title, error: 'invalid', source: { pointer: '/meta/reassign_to' } })],
  })

async function replacementOf(ctx: Context, role: Row, wanted: unknown): Promise<Row | undefined> {
  if (wanted === undefined) return undefined
  if (typeof wanted !== 'string' || !ID_PATTERN.test(wanted)) throw refuse('must be the id of a role')
  const replacement = await assertHolds(ctx, wanted, { pointer: '/meta/reassign_to' })
  const fits = replacement.organization_id === role.organization_id && replacement.id !== role.id
  if (!fits) throw refuse('must be another role of the same organization')
  return replacement
}

async function refuseIfHeld(ctx: Context, subject: string, where: Record<string, unknown>): Promise<number> {
  const [counted] = await ctx.scope.from(subject).where(where).count({ holders: '*' })
  const holders = Number(counted?.holders ?? 0)
  if (holders === 0) return 0
  const detail = `The role is in use (${holders} ${subject}): name another with "reassign_to".`
  throw new AppError('locked', { detail, meta: { error: 'in_use', [subject]: holders } })
}

/** Deletes a custom role with its permissions. A role in use is locked, unless `reassign_to` names another (DECISIONS 6).
 *  @returns how many holders were moved
 *  @throws AppError locked (423), invalid, forbidden */
export async function removeRole(
  ctx: Context,
  { id, meta }: DeleteInput,
): Promise<Record<string, unknown> | undefined> {
  const role = await ctx.scope.lock('roles', id, 'destroy')
  if (role.kind !== 'custom') throw new AppError('locked', { detail: 'A built-in role cannot be deleted.' })
  await assertNotOwnRole(ctx, role)
  await assertHolds(ctx, id)
  const replacement = await replacementOf(ctx, role, meta.reassign_to)
  if (replacement !== undefined) await assertMayTouchAllOf(ctx, role)
  const moved: Record<string, number> = {}
  const where = { role_id: id, organization_id: role.organization_id }
  for (const subject of HOLDERS) {
    moved[subject] = await (replacement === undefined
      ? refuseIfHeld(ctx, subject, where)
      : ctx.scope.updateAll(subject, where, { role_id: replacement.id }))
  }
  const byRole = ctx.scope.by(['destroy', 'roles'])
  const permissions: Row[] = await byRole.from('permissions').where(where).select('id')
  for (const permission of permissions) await byRole.remove('permissions', permission.id)
  await ctx.scope.remove('roles', id)
  return replacement === undefined ? undefined : { reassigned: moved }
}
