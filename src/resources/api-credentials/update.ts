import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError, atRelationship } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { assertHolds } from '../roles/rank.js'
import { assertWithinTests, credentialToChange, lifetimeWithin } from './guard.js'
import { checkKeys, checkKind, checkScopes, KINDS } from './kinds.js'
import { assertMayTakeKeys, assertScopesWithin } from './reach.js'

interface Input {
  id: string
  changes: {
    role?: string | null
    scopes?: string
    expires_in?: number | null
    expires_at?: string | null
    require_pkce?: boolean
    jwks?: Record<string, unknown> | null
    redirect_uri?: string | null
    redirect_uris?: string[]
  }
}

/** What decides how far an application reaches; it may not change these of itself. */
const GRANTS = ['role', 'scopes', 'expires_in', 'expires_at'] as const

function assertNotOwnGrants(ctx: Context, credential: Row, changes: Input['changes']): void {
  if (ctx.principal.applicationId !== credential.id || !GRANTS.some((name) => changes[name] !== undefined)) return
  throw new AppError('forbidden', { detail: 'An application may not change its own role, scopes or lifetimes.' })
}

/** What puts an application into the hands of who changes it. */
const KEYS = ['jwks', 'redirect_uri', 'redirect_uris'] as const

async function assertMayChange(ctx: Context, credential: Row, changes: Input['changes']): Promise<void> {
  assertNotOwnGrants(ctx, credential, changes)
  if (Object.keys(changes).length > 0) assertWithinTests(ctx, credential)
  if (KEYS.some((name) => changes[name] != null)) await assertMayTakeKeys(ctx, credential)
  const { role = credential.role_id, jwks = null, scopes = credential.scopes } = changes
  if (scopes !== credential.scopes) {
    for (const one of [credential.scopes, scopes]) await assertScopesWithin(ctx, credential, String(one))
  }
  if (credential.kind === 'resources' && (role !== credential.role_id || jwks !== null)) {
    throw new AppError('conflict', { detail: 'This application is built in: it has no keys, and its role stays.' })
  }
}

/** Changes an application; what it may do counts for tokens already issued within a second.
 *  @throws AppError invalid (422), forbidden (403), conflict (409) for what is built in */
export async function updateCredential(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { role, expires_in, expires_at, jwks, ...attributes } = changes
  const credential = await credentialToChange(ctx, id, 'update')
  await assertMayChange(ctx, credential, changes)
  const kind = String(credential.kind)
  // A hosted application has no rules of its own here; those of an integration keep its role.
  const rules = Object.hasOwn(KINDS, kind) ? kind : 'integration'
  const roleAfter = role === undefined ? (credential.role_id as string | null) : role
  const { expiresIn } = checkKind({
    ...attributes,
    kind: rules,
    confidential: credential.confidential === true,
    role: roleAfter,
  })
  checkScopes(attributes.scopes, kind)
  if (role != null) await assertHolds(ctx, role, atRelationship('role'))
  await ctx.scope.update('api_credentials', id, {
    ...attributes,
    ...checkKeys(jwks, { kind, confidential: credential.confidential === true }),
    ...(role === undefined ? {} : { role_id: role }),
    ...(expires_in === undefined ? {} : { expires_in: expires_in ?? expiresIn }),
    ...(expires_at === undefined ? {} : { expires_at: await lifetimeWithin(ctx, expires_at) }),
  })
  return { id }
}
