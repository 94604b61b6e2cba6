import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { assertWithinTests, isForTests } from '../api-credentials/guard.js'
import { assertMayTouchNarrowed } from '../application-memberships/rank.js'
import { assertMayGiveAccess } from '../memberships/owners.js'

/** Refuses to change what a role gives, or to replace it, where its holders stand higher than the caller: seats that it
 *  narrows in applications and, for a caller who opens the test mode only, live seats and applications.
 *  @throws AppError forbidden */
export async function assertMayTouchAllOf(ctx: Context, role: Row): Promise<void> {
  await assertMayTouchNarrowed(ctx, role)
  const organization = String(role.organization_id)
  if (!isForTests(ctx, organization)) return
  const where = { organization_id: organization, role_id: role.id }
  const reader = ctx.scope.by(['read', 'roles'])
  const seats: Row[] = await reader.from('memberships').where(where).distinct('access_scope')
  for (const { access_scope } of seats) assertMayGiveAccess(ctx, organization, { access_scope: String(access_scope) })
  const held: Row[] = await reader
    .from('api_credentials')
    .where(where)
    .select('organization_id', 'mode', 'kind', 'test_only')
  for (const one of held) assertWithinTests(ctx, one)
}
