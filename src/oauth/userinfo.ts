import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express'
import type { Database } from '../db/connect.js'
import { AppError } from '../errors.js'
import { readPerson } from '../tokens/people.js'
import type { VerifiedToken, Verifier } from '../tokens/verify.js'
import { readBody } from './body.js'
import { claimsOfPerson, wantsIdToken } from './id-token.js'
import { readParameters, refuseQuery } from './parameters.js'

const PATH = '/oauth/userinfo'
const REALM = 'Bearer realm="gatehouse"'
const CREDENTIALS = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i
/** Where a token must not be: in an address or a form. Source: RFC 6750 §2.2, §2.3 */
const ELSEWHERE: ReadonlySet<string> = new Set(['access_token'])

/** What the endpoint is built from. */
export interface UserinfoParts {
  readonly verifier: Verifier
  readonly db: Pick<Database, 'knex'>
  readonly clock: () => Date
  /** Writes the error answer: http/oauth-errors.ts. */
  readonly onError: ErrorRequestHandler
}

const invalidToken = (sent: boolean, cause?: unknown): AppError =>
  new AppError('unauthenticated', {
    detail: 'The access token you provided is invalid.',
    cause,
    headers: { 'WWW-Authenticate': sent ? `${REALM}, error="invalid_token"` : REALM },
  })

async function refuseElsewhere(req: Request): Promise<void> {
  try {
    refuseQuery(req.originalUrl, ELSEWHERE)
    const body = req.method === 'POST' ? await readBody(req) : Buffer.alloc(0)
    if (body.length === 0) return
    if (!readParameters({ contentType: req.headers['content-type'], body }, ELSEWHERE).has('access_token')) return
    throw new AppError('malformed', { detail: 'Send the access token in the Authorization header only.' })
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'malformed') throw error
    const headers = { 'WWW-Authenticate': `${REALM}, error="invalid_request"` }
    throw new AppError('malformed', { issues: error.issues, headers })
  }
}

async function tokenOf(req: Request, { verifier, clock }: UserinfoParts): Promise<VerifiedToken> {
  await refuseElsewhere(req)
  const header = req.headers.authorization ?? ''
  const token = CREDENTIALS.exec(header)?.[1]
  if (token === undefined) throw invalidToken(/^bearer\b/i.test(header))
  try {
    return await verifier.verify(token, clock())
  } catch (error) {
    if (error instanceof AppError && error.kind === 'unauthenticated') throw invalidToken(true, error)
    throw error
  }
}

/** What the token's scope tells of the user behind it. A token is refused when it stands for no user (any more), or was not
 *  granted `openid`. */
async function answer(req: Request, parts: UserinfoParts): Promise<object> {
  const { claims } = await tokenOf(req, parts)
  const userId = claims.user?.id ?? (claims.owner?.type === 'User' ? claims.owner.id : undefined)
  if (userId === undefined || !wantsIdToken(claims.scope)) {
    throw new AppError('insufficient_scope', {
      detail: 'The access token does not have the scope openid of a user.',
      headers: { 'WWW-Authenticate': `${REALM}, error="insufficient_scope", scope="openid"` },
    })
  }
  const person = await readPerson(parts.db.knex, { userId, organizationId: claims.organization?.id })
  if (person === undefined) throw invalidToken(true)
  return { sub: person.id, ...claimsOfPerson(person, claims.scope) }
}

/** Applications in browsers ask, without cookies. */
const allowBrowsers: RequestHandler = (req, res, next) => {
  res.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Methods': 'GET, POST' })
  res.set({ 'Access-Control-Allow-Headers': 'Authorization, Content-Type', 'Access-Control-Max-Age': '600' })
  res.set({ 'Access-Control-Expose-Headers': 'WWW-Authenticate' })
  if (req.method === 'OPTIONS') res.status(204).end()
  else next()
}

/** Tells an application who has signed in to it. Errors: 400, 401 and 403, each with a challenge (RFC 6750 §3).
 *  Source: OpenID Connect Core §5.3 */
export function createUserinfo(parts: UserinfoParts): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const tell = async (req: Request, res: Response): Promise<void> => {
    const told = await answer(req, parts)
    res.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache', 'Content-Type': 'application/json;charset=utf-8' })
    res.end(JSON.stringify(told))
  }
  router.all(PATH, allowBrowsers)
  router.get(PATH, tell)
  router.post(PATH, tell)
  router.all(PATH, () => {
    const headers = { Allow: 'GET, HEAD, POST, OPTIONS' }
    throw new AppError('method_not_allowed', { detail: 'Use GET or POST here.', headers })
  })
  router.use(PATH, parts.onError)
  return router
}
