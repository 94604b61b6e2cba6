import type { Context } from '../../access/context.js'
import { atRelationship } from '../../errors.js'
import { newClientId } from '../../ids.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { checkKind, checkScopes } from './kinds.js'

interface Input {
  name: string
  kind: string
  organization: string
  role?: string | null
  confidential?: boolean
  require_pkce?: boolean
  scopes?: string
  mode?: string | null
  expires_in?: number | null
}

/** Who made it, as a resource identifier. */
function creator(ctx: Context): Record<string, string> {
  const { userId, applicationId } = ctx.principal
  return userId === undefined ? { type: 'api_credentials', id: applicationId } : { type: 'users', id: userId }
}

/** Makes an application and, unless it is a browser-only webapp, its first secret, which is shown this once.
 *  @throws AppError invalid (422) where the kind forbids, forbidden (403) for a role beyond the caller's own */
export async function issueCredential(ctx: Context, input: Input): Promise<Outcome> {
  const { organization, role = null, expires_in, mode, ...attributes } = input
  const kind = checkKind(input)
  checkScopes(input.scopes)
  if (role !== null) await assertHolds(ctx, role, atRelationship('role'))
  const confidential = input.confidential ?? kind.confidential
  const row = {
    ...attributes,
    organization_id: organization,
    role_id: role,
    client_id: newClientId(),
    confidential,
    expires_in: expires_in ?? kind.expiresIn,
    mode: mode ?? 'test',
    created_by: creator(ctx),
  }
  const credential = await ctx.scope.insert('api_credentials', row)
  if (input.kind === 'webapp' && !confidential) return { id: credential.id }
  const secret = ctx.secrets.newSecret(`gh_sk_${row.mode}_`)
  const hash = ctx.secrets.hash(secret)
  const owner = { organization_id: organization, api_credential_id: credential.id }
  await ctx.scope.insert('api_credential_secrets', { ...owner, hash })
  return { id: credential.id, once: { client_secret: secret } }
}
