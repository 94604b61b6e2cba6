import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express'
import type { Config } from '../config.js'
import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import { AppError } from '../errors.js'
import type { Activity } from '../tokens/activity.js'
import type { KeyRing } from '../tokens/keys.js'
import { createMarkets } from '../tokens/markets.js'
import type { Revocations } from '../tokens/revocations.js'
import type { Verifier } from '../tokens/verify.js'
import { readBody } from './body.js'
import { type ClientLimits, limitClients } from './client-limits.js'
import { type Clients, createClients } from './clients.js'
import type { GrantTools } from './grants/grant.js'
import { createIdTokens } from './id-token.js'
import { answerIntrospectionRequest, INTROSPECT_PARAMETERS } from './introspect.js'
import { metadata, metadataPaths } from './metadata.js'
import { createOwners } from './owners.js'
import { readParameters, refuseQuery } from './parameters.js'
import { createRevocationLimit } from './revocation-limit.js'
import { answerRevocationRequest, REVOKE_PARAMETERS } from './revoke.js'
import type { Subjects } from './scopes.js'
import { answerTokenRequest, TOKEN_PARAMETERS, type TokenRequest } from './server.js'

/** What the authorization server is built from. */
export interface OAuthParts {
  config: Pick<Config, 'issuer' | 'apiUrl' | 'bcryptCost'>
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
  /** How many live tokens a public client may revoke in an hour by its `client_id` alone; 1,000 by default. */
  revocationsPerHour?: number
}

const REVOCATIONS_PER_HOUR = 1_000

// Storefronts ask for tokens from the browser, without cookies; so any origin may, and none with credentials.
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Backend-Auth, X-True-Client-Ip',
  'Access-Control-Expose-Headers':
    'Retry-After, WWW-Authenticate, X-Ratelimit-Limit, X-Ratelimit-Interval, X-Ratelimit-Remaining, RateLimit-Policy, RateLimit',
  'Access-Control-Max-Age': '600',
}

const forBrowsers =
  (methods: string): RequestHandler =>
  (request, response, next) => {
    response.set({ ...CORS, 'Access-Control-Allow-Methods': methods })
    if (request.method === 'OPTIONS') response.status(204).end()
    else next()
  }
    idToken: createIdTokens({ keys, issuer: config.issuer, knex: db.knex }),

const onlyMethod =
  (allow: string): RequestHandler =>
  () => {
    throw new AppError('method_not_allowed', { detail: `Use ${allow} here.`, headers: { Allow: `${allow}, OPTIONS` } })
  }

/** Sends JSON that nobody may keep. Source: RFC 6749 §5.1. */
function sendSecret(response: Response, body: object): void {
  response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache', 'Content-Type': 'application/json;charset=utf-8' })
  response.end(JSON.stringify(body))
}

const sendPublic =
  (body: () => object): RequestHandler =>
  (_request, response) => {
    // Keys are published at least this long before their first use.
    response.set({ 'Cache-Control': 'public, max-age=300', 'Content-Type': 'application/json;charset=utf-8' })
    response.end(JSON.stringify(body()))
  }

async function readRequest(
  request: Request,
  { names, clock }: { names: ReadonlySet<string>; clock: () => Date },
): Promise<TokenRequest> {
  refuseQuery(request.originalUrl, names)
  const body = await readBody(request)
  return {
    parameters: readParameters({ contentType: request.headers['content-type'], body }, names),
    authorization: request.headers.authorization,
    now: clock(),
  }
}

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
  }
}

/** Builds the authorization server's routes. Mount them before any body parser: they read the raw body themselves.
 *  Source: DESIGN 3.5; CONTRACT 5; RFC 6749, 7009, 7517, 8414 */
export function createOAuth(parts: OAuthParts): { router: Router } {
  const { config, clock, keys, revocations, db, verifier } = parts
  const clients = createClients(parts)
  const clientsOf = (request: Request): Clients =>
    parts.limitsOf === undefined ? clients : limitClients(clients, parts.limitsOf(request))
  const limit = createRevocationLimit(parts.revocationsPerHour ?? REVOCATIONS_PER_HOUR)
  const tools = toolsOf(parts)
  const router = Router({ caseSensitive: true, strict: true })
  router.all(['/oauth/token', '/oauth/revoke'], forBrowsers('POST'))
  router.post('/oauth/token', async (request, response) => {
    const read = await readRequest(request, { names: TOKEN_PARAMETERS, clock })
    sendSecret(
      response,
      await answerTokenRequest(read, {
        clients: clientsOf(request),
        tools: { ...tools, limits: parts.limitsOf?.(request) },
        subjects: parts.subjects,
        activity: parts.activity,
      }),
    )
  })
  router.post('/oauth/revoke', async (request, response) => {
    const read = await readRequest(request, { names: REVOKE_PARAMETERS, clock })
    sendSecret(
      response,
      await answerRevocationRequest(read, { clients: clientsOf(request), db, revocations, verifier, limit }),
    )
  })
  router.all(['/oauth/token', '/oauth/revoke'], onlyMethod('POST'))
  const published = ['/.well-known/jwks.json', ...metadataPaths(config.issuer)]
  router.all(published, forBrowsers('GET'))
  router.get(
    '/.well-known/jwks.json',
    sendPublic(() => keys.jwks(clock())),
  )
  router.get(
    metadataPaths(config.issuer),
    sendPublic(() => metadata(config.issuer)),
  )
  router.all(published, onlyMethod('GET'))
  router.use(parts.onError)
  return { router }
}
