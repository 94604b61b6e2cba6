import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { Principal } from '../access/principal.js'
import { AppError, atParameter } from '../errors.js'
import type { VerifiedToken } from '../tokens/verify.js'
import { readBody } from './body.js'
import { checkContentType, isForm } from './negotiate.js'
import { stateOf } from './request.js'

interface BearerOptions {
  /** Checks signature, issuer, audience, expiry and revocation; throws AppError unauthenticated or unavailable. */
  readonly verify: (token: string, now: Date) => Promise<VerifiedToken>
  readonly clock: () => Date
}

const REALM = 'Bearer realm="gatehouse"'
const FORM_LIMIT_BYTES = 64 * 1024
/** b64token of RFC 6750 §2.1. */
const CREDENTIALS = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i

/** What a verified token says of the caller, in our words. */
export function principalOf({ claims }: VerifiedToken): Principal {
  const { application, organization, user, owner, act } = claims
  // A shopper (`Customer`) is nobody on this plane: only a user's own rights can count.
  const userId = user?.id ?? (owner?.type === 'User' ? owner.id : undefined)
  return {
    kind: application.kind,
    applicationId: application.id,
    ...(organization ? { organizationId: organization.id } : {}),
    ...(userId === undefined ? {} : { userId }),
    ...(act === undefined ? {} : { asserted: true }),
    scope: claims.scope.split(/[\s,]+/).filter(Boolean),
    test: claims.test,
  }
}

/** The refusal of a token. Without credentials there is no `error` attribute (RFC 6750 §3.1); the document is the same. */
export function invalidToken(credentialsSent: boolean, cause?: unknown): AppError {
  return new AppError('unauthenticated', {
    detail: 'The access token you provided is invalid.',
    cause,
    headers: { 'WWW-Authenticate': credentialsSent ? `${REALM}, error="invalid_token"` : REALM },
  })
}

function wrongPlace(parameter: string): AppError {
  return new AppError('malformed', {
    detail: 'Send the access token in the Authorization header only.',
    source: atParameter(parameter),
    headers: { 'WWW-Authenticate': `${REALM}, error="invalid_request"` },
  })
}

/** Names of query parameters without decoding their values, so that odd escapes cannot hide the token's name. */
function queryNames(url: string): string[] {
  const start = url.indexOf('?')
  return start === -1 ? [] : [...new URLSearchParams(url.slice(start + 1)).keys()]
}

async function refuseTokenElsewhere(req: Request): Promise<void> {
  if (queryNames(req.originalUrl).includes('access_token')) throw wrongPlace('access_token')
  if (!isForm(req)) return
  // A form is never a document here; it is read to tell a token in it (RFC 6750 §2.2) from any other form.
  const body = await readBody(req, FORM_LIMIT_BYTES)
  if (new URLSearchParams(body.toString('latin1')).has('access_token')) throw wrongPlace('access_token')
  checkContentType(req)
}

async function authenticate(req: Request, { verify, clock }: BearerOptions): Promise<VerifiedToken> {
  await refuseTokenElsewhere(req)
  const header = req.headers.authorization
  if (header === undefined) throw invalidToken(false)
  const token = CREDENTIALS.exec(header)?.[1]
  // Another scheme (RFC 9110 §11.6.1) is "no credentials" for this one; a broken Bearer header is a bad token.
  if (token === undefined) throw invalidToken(/^bearer\b/i.test(header))
  try {
    return await verify(token, clock())
  } catch (error) {
    if (error instanceof AppError && error.kind === 'unauthenticated') throw invalidToken(true, error.cause ?? error)
    throw error
  }
}

/** Turns the Authorization header into the request's principal. A token in the query or in a form body is refused.
 *  Errors: 400 BAD_REQUEST, 401 INVALID_TOKEN with a challenge, 503. Source: RFC 6750 §2, §3; DECISIONS 6. */
export function createBearer(options: BearerOptions): RequestHandler {
  return async (req: Request, _res: Response, next: NextFunction) => {
    const verified = await authenticate(req, options)
    Object.assign(stateOf(req), { principal: principalOf(verified), claims: verified.claims })
    next()
  }
}
