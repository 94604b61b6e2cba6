import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import type { By } from '../../access/scope.js'
import { atRelationship } from '../../errors.js'
import { newClientId } from '../../ids.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { assertMayMakeLive, assertMayMakeWebapp, isForTests, lifetimeWithin } from './guard.js'
import { checkKeys, checkKind, checkScopes } from './kinds.js'
import { assertScopesWithin } from './reach.js'

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
  expires_at?: string | null
  jwks?: Record<string, unknown> | null
}

/** Who made it, as a resource identifier. */
function creator(ctx: Context): Record<string, string> {
  const { userId, applicationId } = ctx.principal
  return userId === undefined ? { type: 'api_credentials', id: applicationId } : { type: 'users', id: userId }
}

/** Makes a secret of an application, by the right that made or changes the application.
 *  @returns the secret, to be shown this once */
export async function addSecret(ctx: Context, credential: Row, right: By): Promise<string> {
  const { organization_id, id: api_credential_id, mode } = credential
  const secret = ctx.secrets.newSecret(`gh_sk_${String(mode)}_`)
  const row = { organization_id, api_credential_id, mode, hash: ctx.secrets.hash(secret) }
  await ctx.scope.by(right).insert('api_credential_secrets', row)
  return secret
}

/** Makes an application and, unless it is a browser-only webapp, its first secret, which is shown this once.
 *  @throws AppError invalid (422) where the kind forbids, forbidden (403) for a role beyond the caller's own */
export async function issueCredential(ctx: Context, input: Input): Promise<Outcome> {
  const { organization, role = null, expires_in, mode, jwks, ...attributes } = input
  const kind = checkKind(input)
  checkScopes(input.scopes, input.kind)
  if (role !== null) await assertHolds(ctx, role, atRelationship('role'))
  if (input.kind === 'webapp') assertMayMakeWebapp(ctx, organization)
  if (mode === 'live') assertMayMakeLive(ctx, organization)
  const scopes = input.scopes ?? ''
  await assertScopesWithin(ctx, { organization_id: organization, kind: input.kind }, scopes)
  const expires_at = await lifetimeWithin(ctx, input.expires_at ?? null)
  const confidential = input.confidential ?? kind.confidential
  const row = {
    ...attributes,
    organization_id: organization,
    role_id: role,
    client_id: newClientId(),
    confidential,
    ...checkKeys(jwks, { kind: input.kind, confidential }),
    expires_at,
    expires_in: expires_in ?? kind.expiresIn,
    mode: mode ?? 'test',
    test_only: isForTests(ctx, organization),
    created_by: creator(ctx),
  }
  const credential = await ctx.scope.insert('api_credentials', row)
  if (input.kind === 'webapp' && !confidential) return { id: credential.id }
  return { id: credential.id, once: { client_secret: await addSecret(ctx, credential, ['create', 'api_credentials']) } }
}
