import { type Request, type RequestHandler, type Response, Router } from 'express'
import type { Knex } from 'knex'
import type { Abilities } from '../access/abilities.js'
import type { Access } from '../access/context.js'
import { COMMERCE_SUBJECTS } from '../access/subjects.js'
import { readTokenFacts, type TokenFacts } from '../access/token-facts.js'
import { AppError } from '../errors.js'
import type { AccessClaims } from '../tokens/claims.js'
import { principalFor, requestIdOf, stateOf } from './request.js'

const PATH = '/oauth/tokeninfo'
const ACTIONS = ['create', 'read', 'update', 'destroy'] as const

/** What the endpoint is built from. */
export interface TokenInfoParts {
  readonly bearer: RequestHandler
  readonly clock: () => Date
  /** Subjects of this API. */
  readonly subjects: Iterable<string>
  readonly knex: Knex
  readonly access: Access
}

/** Subjects with the actions that the token's rights allow in its organization; what it may do nothing with is left out. */
function permissionsOf(abilities: Abilities, organization: string, subjects: Iterable<string>): Record<string, object> {
  const named = Object.keys(abilities.grantIn(organization)?.permissions ?? {})
  const all = [...new Set([...subjects, ...COMMERCE_SUBJECTS, ...named])].sort()
  const entries = all.flatMap((subject) => {
    const actions = ACTIONS.filter((action) => abilities.may(action, subject, organization))
    return actions.length === 0 ? [] : [[subject, { actions }] as const]
  })
  return Object.fromEntries(entries)
}

interface Saying {
  readonly claims: AccessClaims
  readonly facts: TokenFacts
  readonly permissions: Record<string, object>
  readonly now: Date
}

/** The document of CONTRACT 5.7. A token without a role (a sales channel's, a person's for all organizations) says so. */
function document({ claims, facts, permissions, now }: Saying): object {
  const { application, market, test, exp } = claims
  const { role, owner, applicationName } = facts
  return {
    token: {
      test,
      market_ids: market?.id ?? [],
      stock_location_ids: market?.stock_location_ids ?? [],
      lifespan: Math.max(0, exp - Math.floor(now.getTime() / 1000)),
    },
    role: role ?? { id: null, kind: application.kind, name: null },
    application: {
      id: application.id,
      kind: application.kind,
      name: applicationName,
      core: application.kind === 'dashboard',
    },
    permissions,
    ...(owner === undefined ? {} : { owner }),
  }
}

function claimsOf(req: Request): AccessClaims {
  const { claims } = stateOf(req)
  if (!claims) throw new AppError('unauthenticated')
  return claims
}

/** What a token is and may do, for applications that were handed one. Refuses with JSON:API errors, as the contract has it.
 *  Source: CONTRACT 5.7 */
export function createTokenInfo(parts: TokenInfoParts): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.all(PATH, (req: Request, res: Response, next) => {
    // Applications in the browser ask, without cookies.
    res.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Methods': 'GET' })
    res.set({ 'Access-Control-Allow-Headers': 'Authorization, Content-Type', 'Access-Control-Max-Age': '600' })
    if (req.method === 'OPTIONS') res.status(204).end()
    else next()
  })
  router.get(PATH, parts.bearer, async (req: Request, res: Response) => {
    const claims = claimsOf(req)
    const customerId = claims.owner?.type === 'Customer' ? claims.owner.id : undefined
    const request = { principal: principalFor(req), requestId: requestIdOf(req) }
    const facts = await readTokenFacts(parts.knex, request.principal, customerId)
    const organization = claims.organization?.id
    const permissions =
      organization === undefined
        ? {}
        : await parts.access.run(request, async (ctx) => permissionsOf(ctx.abilities, organization, parts.subjects))
    res.set({ 'Cache-Control': 'no-store', 'Content-Type': 'application/json;charset=utf-8' })
    res.end(JSON.stringify(document({ claims, facts, permissions, now: parts.clock() })))
  })
  router.all(PATH, () => {
    throw new AppError('method_not_allowed', { detail: 'Use GET here.', headers: { Allow: 'GET, HEAD, OPTIONS' } })
  })
  return router
}
