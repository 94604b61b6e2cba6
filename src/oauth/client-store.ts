import { atOnce } from '../db/at-once.js'
import type { Database } from '../db/connect.js'
import { createBoundedCache } from '../tokens/bounded-cache.js'
import { EVERYTHING, type Revocations } from '../tokens/revocations.js'

const CACHED = 10_000

/** Kinds of client that the authorization server knows. */
export type ClientKind = 'sales_channel' | 'integration' | 'webapp' | 'user' | 'dashboard'

/** A secret as it is kept. `retiresAt` in milliseconds. */
export interface StoredSecret {
  id: string | null
  hash: string
  retiresAt: number | null
}

/** A credential as it is kept. Times in milliseconds, lifetimes in seconds. */
export interface StoredClient {
  id: string
  clientId: string
  kind: ClientKind
  name: string
  confidential: boolean
  redirectUri: string | null
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  requirePkce: boolean
  requirePushedRequests: boolean
  jwks: { keys: Record<string, unknown>[] } | null
  scopes: string
  lifetimeSeconds: number
  mode: string
  expiresAt: number | null
  organizationId: string | null
  slug: string | null
  region: string | null
  userId: string | null
  secrets: StoredSecret[]
}

// Both kinds of credential in one statement, by unique indexes. What is switched off is not found, so its refusal
// cannot be told from that of an unknown client.
const FIND = `
  select c.id, c.client_id as "clientId", c.kind, c.name, c.confidential, c.redirect_uri as "redirectUri",
    c.redirect_uris as "redirectUris",
    c.post_logout_redirect_uris as "postLogoutRedirectUris", c.require_pkce as "requirePkce",
    c.require_pushed_authorization_requests as "requirePushedRequests", c.jwks,
    c.scopes, c.expires_in as "lifetimeSeconds", c.mode,
    extract(epoch from c.expires_at)::float8 * 1000 as "expiresAt",
    o.id as "organizationId", o.slug, o.region, null as "userId",
    (select coalesce(json_agg(json_build_object('id', s.id, 'hash', s.hash,
        'retiresAt', extract(epoch from s.retires_at)::float8 * 1000)), '[]')
      from api_credential_secrets s
      where s.organization_id = c.organization_id and s.api_credential_id = c.id) as secrets
  from api_credentials c join organizations o on o.id = c.organization_id
  where c.client_id = ? and c.disabled_at is null and o.deleted_at is null and o.suspended_at is null
  union all
  select uc.id, uc.client_id, 'user', 'Personal provisioning credential', true, null, '[]', '[]', true, false, null,
    'market:all', 7200, 'live', null, null, null, null, u.id,
    json_build_array(json_build_object('id', null, 'hash', uc.secret_hash, 'retiresAt', null))
  from user_credentials uc join users u on u.id = uc.user_id
  where uc.client_id = ? and uc.disabled_at is null and u.disabled_at is null`

const topicsOf = ({ organizationId, userId }: StoredClient): string[] => [
  `organization:${organizationId}`,
  `user:${userId}`,
]

/** The news that make what is remembered old. */
export type Watched = Pick<Revocations, 'onChange' | 'healthy'>

/** Stored clients, remembered until the news names their organization or user. */
export function createClientStore(db: Pick<Database, 'knex'>, revocations: Watched) {
  const cache = createBoundedCache<StoredClient>(CACHED)
  // News that come during a read may be about its row: then what was read may already be old.
  const reads = new Set<Set<string>>()
  revocations.onChange((topic) => {
    for (const heard of reads) heard.add(topic)
    if (topic === EVERYTHING) cache.clear()
    else cache.deleteWhere((one) => topicsOf(one).includes(topic))
  })
  const find = async (clientId: string): Promise<StoredClient | undefined> => {
    const [found] = await atOnce<StoredClient>(db.knex, FIND, [clientId, clientId])
    return found
  }
  return {
    remembered: (clientId: string): StoredClient | undefined =>
      revocations.healthy() ? cache.get(clientId) : undefined,
    read: async (clientId: string): Promise<StoredClient | undefined> => {
      const heard = new Set<string>()
      reads.add(heard)
      const stored = await find(clientId).finally(() => reads.delete(heard))
      if (stored && ![EVERYTHING, ...topicsOf(stored)].some((topic) => heard.has(topic))) cache.set(clientId, stored)
      return stored
    },
  }
}
