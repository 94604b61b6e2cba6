import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError } from '../../errors.js'
import { assertHolds } from '../roles/rank.js'

/** The credential, locked, if the caller stands high enough to change it: no lower than the role that it carries. A webapp
 *  carries whoever signs in to it, so that only a full admin may redirect it.
 *  @throws AppError not_found, forbidden */
export async function credentialToChange(ctx: Context, id: string, action: 'update' | 'destroy'): Promise<Row> {
  const credential = await ctx.scope.lock('api_credentials', id, action)
  if (credential.role_id !== null) await assertHolds(ctx, String(credential.role_id))
  const organization = String(credential.organization_id)
  if (credential.kind === 'webapp' && !ctx.abilities.holds(organization, { kind: 'admin', permissions: {} })) {
    throw new AppError('forbidden', { detail: 'A webapp acts as whoever signs in: only an admin may change it.' })
  }
  return credential
}
