import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import { createAssertionCheck } from './client-assertion.js'
import {
  type ClientKind,
  createClientStore,
  type StoredClient,
  type StoredSecret,
  type Watched,
} from './client-store.js'
import { type ClientCredentials, invalidClient } from './credentials.js'
import { DASHBOARD_CLIENT_ID, dashboardClient } from './dashboard.js'

/** A client that has said who it is and, where its kind demands, proved it. */
export interface Client {
  readonly applicationId: string
  readonly clientId: string
  readonly kind: ClientKind
  /** As people are shown it. */
  readonly name: string
  /** Whether it has a secret to keep; a public client has none. */
  readonly confidential: boolean
  /** Where the authorization endpoint may send its answers; exact (RFC 9700 §2.1). */
  readonly redirectUris: readonly string[]
  /** Where a browser may go after it was signed out on the client's behalf; exact. */
  readonly postLogoutRedirectUris: readonly string[]
  readonly requirePkce: boolean
  /** Whether its authorization requests count only when it has pushed them itself (RFC 9126 §6). */
  readonly requirePushedRequests: boolean
  /** Public keys that its assertions are signed with (RFC 7523), as a JWK set. */
  readonly jwks: { readonly keys: readonly Record<string, unknown>[] } | undefined
  /** Registered scope items. */
  readonly scopes: string
  readonly lifetimeSeconds: number
  readonly test: boolean
  readonly organization: { readonly id: string; readonly slug: string; readonly region: string } | undefined
  readonly userId: string | undefined
  /** Whether it has proved itself in this request, by a secret or by a signed assertion. */
  readonly authenticated: boolean
  /** The secret presented, where the client has several; none where it has signed an assertion instead. */
  readonly secretId: string | undefined
}

const needsSecret = (client: StoredClient): boolean => client.kind !== 'sales_channel' && client.confidential

/** Finds clients and checks what they present. */
export interface Clients {
  /** The client of these credentials. Throws `invalid_client`: one text for all reasons. */
  authenticate(credentials: ClientCredentials, now: Date): Promise<Client>
  /** The client that a browser's request names, unproven; undefined when it is unknown, switched off or expired. */
  find(clientId: string, now: Date): Promise<Client | undefined>
}

/** The client and, if one was presented, its secret; undefined if anything does not fit. */
function admit(
  stored: StoredClient | undefined,
  presented: { clientSecret?: string; secrets: Secrets; now: Date },
): Client | undefined {
  const { clientSecret, secrets } = presented
  const now = presented.now.getTime()
  // Without a client there is still one comparison: an unknown client must cost what a wrong secret costs.
  const candidates = stored?.secrets ?? [{ id: null, hash: '0'.repeat(64), retiresAt: null }]
  const matching =
    clientSecret === undefined
      ? []
      : candidates.filter(
          ({ hash, retiresAt }) => secrets.matches(clientSecret, hash) && (retiresAt === null || retiresAt > now),
        )
  const secret = matching[0]
  if (!stored || (stored.expiresAt !== null && stored.expiresAt <= now)) return undefined
  if (!secret && (clientSecret !== undefined || needsSecret(stored))) return undefined
  return toClient(stored, { secret, now })
}

function toClient(stored: StoredClient, { secret, now }: { secret: StoredSecret | undefined; now: number }): Client {
  const { organizationId, slug, region } = stored
  // A token does not outlive its credential.
  const left = stored.expiresAt === null ? Number.POSITIVE_INFINITY : Math.ceil((stored.expiresAt - now) / 1000)
  return {
    applicationId: stored.id,
    clientId: stored.clientId,
    kind: stored.kind,
    name: stored.name,
    confidential: stored.confidential,
    redirectUris: [...(stored.redirectUri === null ? [] : [stored.redirectUri]), ...stored.redirectUris],
    postLogoutRedirectUris: stored.postLogoutRedirectUris,
    requirePkce: stored.requirePkce || !stored.confidential,
    requirePushedRequests: stored.requirePushedRequests,
    jwks: stored.jwks ?? undefined,
    scopes: stored.scopes,
    lifetimeSeconds: Math.min(stored.lifetimeSeconds, left),
    test: stored.mode === 'test',
    organization:
      organizationId !== null && slug !== null && region !== null ? { id: organizationId, slug, region } : undefined,
    userId: stored.userId ?? undefined,
    authenticated: secret !== undefined,
    secretId: secret?.id ?? undefined,
  }
}

/** Makes the client authentication. A refusal never rests on what is remembered: the row is read again first, which
 *  lets a secret count at once that another instance has just made, and makes every refusal cost the same.
 *  Source: RFC 6749 §2.3, §3.2.1; DESIGN 3.5; ATTACKS S4 */
export function createClients(options: {
  db: Pick<Database, 'knex'>
  secrets: Secrets
  revocations: Watched
  /** Where the built-in client may return to, beside loopback. */
  dashboardRedirectUris?: readonly string[]
  /** Whom assertions must be for; left out: none is taken. */
  issuer?: string
}): Clients {
  const { secrets, dashboardRedirectUris = [], issuer } = options
  const proves = issuer === undefined ? undefined : createAssertionCheck({ ...options, issuer })
  const stored = createClientStore(options.db, options.revocations)
  const builtIn = dashboardClient(dashboardRedirectUris)
  const store = {
    remembered: (clientId: string) => (clientId === DASHBOARD_CLIENT_ID ? builtIn : stored.remembered(clientId)),
    read: async (clientId: string) => (clientId === DASHBOARD_CLIENT_ID ? builtIn : stored.read(clientId)),
  }
  /** Always by the row as it is now: a key that was taken away counts no more. */
  const byAssertion = async (clientId: string, assertion: string, now: Date): Promise<Client> => {
    const found = await store.read(clientId)
    if (!found || !(await proves?.(found, assertion, now))) throw invalidClient(false)
    return { ...toClient(found, { secret: undefined, now: now.getTime() }), authenticated: true }
  }
  return {
    authenticate: async ({ clientId, clientSecret, assertion, basic }, now) => {
      if (assertion !== undefined) return byAssertion(clientId, assertion, now)
      const presented = clientSecret === undefined ? { secrets, now } : { clientSecret, secrets, now }
      const remembered = store.remembered(clientId)
      const client = (remembered && admit(remembered, presented)) ?? admit(await store.read(clientId), presented)
      if (!client) throw invalidClient(basic)
      return client
    },
    find: async (clientId, now) => {
      const stored = store.remembered(clientId) ?? (await store.read(clientId))
      if (!stored || (stored.expiresAt !== null && stored.expiresAt <= now.getTime())) return undefined
      return toClient(stored, { secret: undefined, now: now.getTime() })
    },
  }
}
