import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import { asAuth } from '../db/roles.js'
import { createBoundedCache } from '../tokens/bounded-cache.js'
import { EVERYTHING, type Revocations } from '../tokens/revocations.js'
import { type ClientCredentials, invalidClient } from './credentials.js'

const CACHED = 10_000

/** Kinds of client that the authorization server knows. */
export type ClientKind = 'sales_channel' | 'integration' | 'webapp' | 'user'

/** A client that has said who it is and, where its kind demands, proved it. */
export interface Client {
  readonly applicationId: string
  readonly clientId: string
  readonly kind: ClientKind
  /** Registered scope items. */
  readonly scopes: string
  readonly lifetimeSeconds: number
  readonly test: boolean
  readonly organization: { readonly id: string; readonly slug: string; readonly region: string } | undefined
  readonly userId: string | undefined
  /** Whether a secret was presented in this request. */
  readonly authenticated: boolean
  /** The secret presented, where the client has several. */
  readonly secretId: string | undefined
}

interface StoredSecret {
  id: string | null
  hash: string
  retiresAt: number | null
}

interface StoredClient {
  id: string
  clientId: string
  kind: ClientKind
  confidential: boolean
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
  select c.id, c.client_id as "clientId", c.kind, c.confidential, c.scopes, c.expires_in as "lifetimeSeconds", c.mode,
    extract(epoch from c.expires_at)::float8 * 1000 as "expiresAt",
    o.id as "organizationId", o.slug, o.region, null as "userId",
    (select coalesce(json_agg(json_build_object('id', s.id, 'hash', s.hash,
        'retiresAt', extract(epoch from s.retires_at)::float8 * 1000)), '[]')
      from api_credential_secrets s
      where s.organization_id = c.organization_id and s.api_credential_id = c.id) as secrets
  from api_credentials c join organizations o on o.id = c.organization_id
  where c.client_id = ? and c.disabled_at is null and o.deleted_at is null and o.suspended_at is null
  union all
  select uc.id, uc.client_id, 'user', true, 'market:all', 7200, 'live', null, null, null, null, u.id,
    json_build_array(json_build_object('id', null, 'hash', uc.secret_hash, 'retiresAt', null))
  from user_credentials uc join users u on u.id = uc.user_id
  where uc.client_id = ? and uc.disabled_at is null and u.disabled_at is null`

const needsSecret = (client: StoredClient): boolean => client.kind !== 'sales_channel' && client.confidential

/** Finds clients and checks what they present. */
export interface Clients {
  /** The client of these credentials. Throws `invalid_client`: one text for all reasons. */
  authenticate(credentials: ClientCredentials, now: Date): Promise<Client>
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

const topicsOf = ({ organizationId, userId }: StoredClient): string[] => [
  `organization:${organizationId}`,
  `user:${userId}`,
]

type Watched = Pick<Revocations, 'onChange' | 'healthy'>

/** Stored clients, remembered until the news names their organization or user. */
function createClientStore(db: Pick<Database, 'knex'>, revocations: Watched) {
  const cache = createBoundedCache<StoredClient>(CACHED)
  // News that come during a read may be about its row: then what was read may already be old.
  const reads = new Set<Set<string>>()
  revocations.onChange((topic) => {
    for (const heard of reads) heard.add(topic)
    if (topic === EVERYTHING) cache.clear()
    else cache.deleteWhere((one) => topicsOf(one).includes(topic))
  })
  const find = async (clientId: string): Promise<StoredClient | undefined> => {
    const found = await asAuth(db.knex, (trx) => trx.raw<{ rows: StoredClient[] }>(FIND, [clientId, clientId]))
    return found.rows[0]
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

/** Makes the client authentication. A refusal never rests on what is remembered: the row is read again first, which
 *  lets a secret count at once that another instance has just made, and makes every refusal cost the same.
 *  Source: RFC 6749 §2.3, §3.2.1; DESIGN 3.5; ATTACKS S4 */
export function createClients(options: {
  db: Pick<Database, 'knex'>
  secrets: Secrets
  revocations: Watched
}): Clients {
  const { secrets } = options
  const store = createClientStore(options.db, options.revocations)
  return {
    authenticate: async ({ clientId, clientSecret, basic }, now) => {
      const presented = clientSecret === undefined ? { secrets, now } : { clientSecret, secrets, now }
      const remembered = store.remembered(clientId)
      const client = (remembered && admit(remembered, presented)) ?? admit(await store.read(clientId), presented)
      if (!client) throw invalidClient(basic)
      return client
    },
  }
}
