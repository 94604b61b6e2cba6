import { type ErrorRequestHandler, type Request, Router } from 'express'
import type { Config } from '../config.js'
import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import type { Activity } from '../tokens/activity.js'
import type { KeyRing } from '../tokens/keys.js'
import { createMarkets } from '../tokens/markets.js'
import type { Revocations } from '../tokens/revocations.js'
import type { Verifier } from '../tokens/verify.js'
import { beginningRoutes } from './beginning-routes.js'
import { type ClientLimits, limitClients } from './client-limits.js'
import { type Clients, createClients } from './clients.js'
import { forBrowsers, onlyMethod, readRequest, sendPublic, sendSecret } from './endpoint.js'
import type { GrantTools } from './grants/grant.js'
import { createIdTokens } from './id-token.js'
import { answerIntrospectionRequest, INTROSPECT_PARAMETERS } from './introspect.js'
import { metadata, metadataPaths } from './metadata.js'
import { createOwners } from './owners.js'
import { createRevocationLimit } from './revocation-limit.js'
import { answerRevocationRequest, REVOKE_PARAMETERS } from './revoke.js'
import type { Subjects } from './scopes.js'
import { answerTokenRequest, grantNameOf, TOKEN_PARAMETERS } from './server.js'

/** What the authorization server is built from. */
export interface OAuthParts {
  config: Pick<
    Config,
    'issuer' | 'apiUrl' | 'bcryptCost' | 'pagesUrl' | 'domain' | 'resources' | 'dashboardRedirectUris'
  >
  db: Pick<Database, 'knex'>
  keys: KeyRing
  revocations: Revocations
  secrets: Secrets
  verifier: Verifier
  clock: () => Date
  /** Writes the error answer: http/oauth-errors.ts, handed in because this floor may not import it. */
  onError: ErrorRequestHandler
  /** Told of every token that is issued. */
  activity?: Pick<Activity, 'tokenIssued' | 'signedIn'>
  /** Resource types that a scope item like `roles:read` may name; left out: any well-formed name. */
  subjects?: Subjects
  /** Limits the clients of a request; left out: nothing is limited. */
  limitsOf?: (request: Request) => ClientLimits
  /** Told which grant a token request asks for; `unknown` where we have no such. */
  onGrant?: (request: Request, grant: string) => void
  /** How many live tokens a public client may revoke in an hour by its `client_id` alone; 1,000 by default. */
  revocationsPerHour?: number
}

const REVOCATIONS_PER_HOUR = 1_000

/** What the grants of this server work with. */
function toolsOf({ config, db, keys, revocations, secrets, activity }: OAuthParts): GrantTools {
  return {
    keys,
    markets: createMarkets(db, revocations),
    issuer: config.issuer,
    audience: config.apiUrl,
    knex: db.knex,
    secrets,
    revocations,
    owners: createOwners({ knex: db.knex, bcryptCost: config.bcryptCost }),
    activity,
    idToken: createIdTokens({ keys, issuer: config.issuer, knex: db.knex }),
  }
}

/** Builds the authorization server's routes. Mount them before any body parser: they read the raw body themselves.
 *  Source: DESIGN 3.5; CONTRACT 5; RFC 6749, 7009, 7517, 8414 */
export function createOAuth(parts: OAuthParts): { router: Router } {
  const { config, clock, keys, revocations, db, verifier } = parts
  const clients = createClients({ ...parts, ...config })
  const within = (limits: ClientLimits | undefined, request: Request): Clients =>
    limits === undefined ? clients : limitClients(clients, limits, request.path)
  const clientsOf = (request: Request): Clients => within(parts.limitsOf?.(request), request)
  const limit = createRevocationLimit(parts.revocationsPerHour ?? REVOCATIONS_PER_HOUR)
  const tools = toolsOf(parts)
  const asked = { db, secrets: parts.secrets, revocations, verifier, owners: tools.owners, issuer: config.issuer }
  const router = Router({ caseSensitive: true, strict: true })
  router.all(['/oauth/token', '/oauth/revoke'], forBrowsers('POST'))
  router.post('/oauth/token', async (request, response) => {
    const read = await readRequest(request, { names: TOKEN_PARAMETERS, clock })
    parts.onGrant?.(request, grantNameOf(read.parameters))
    const { subjects, activity } = parts
    const limits = parts.limitsOf?.(request)
    const answering = { clients: within(limits, request), limits, tools, subjects, activity }
    sendSecret(response, await answerTokenRequest(read, answering))
  })
  router.post('/oauth/revoke', async (request, response) => {
    const read = await readRequest(request, { names: REVOKE_PARAMETERS, clock })
    sendSecret(response, await answerRevocationRequest(read, { ...asked, clients: clientsOf(request), limit }))
  })
  // No page of anybody's asks this one: it is for servers, and has no headers for browsers.
  router.post('/oauth/introspect', async (request, response) => {
    const read = await readRequest(request, { names: INTROSPECT_PARAMETERS, clock })
    sendSecret(response, await answerIntrospectionRequest(read, { ...asked, clients: clientsOf(request) }))
  })
  router.all(['/oauth/token', '/oauth/revoke', '/oauth/introspect'], onlyMethod('POST'))
  router.use(beginningRoutes(parts, clientsOf))
  const published = ['/.well-known/jwks.json', ...metadataPaths(config.issuer)]
  router.all(published, forBrowsers('GET'))
  router.get(
    '/.well-known/jwks.json',
    sendPublic(() => keys.jwks(clock())),
  )
  router.get(
    metadataPaths(config.issuer),
    sendPublic(() => metadata(config)),
  )
  router.all(published, onlyMethod('GET'))
  router.use(parts.onError)
  return { router }
}
