import type { NextFunction, Request, Response } from 'express'

/** Any origin, because a token in the header is the only credential here: no cookie that a browser would add by itself. */
const EVERY_ANSWER = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'Location, ETag, X-Request-Id, Retry-After, WWW-Authenticate, X-Ratelimit-Limit, X-Ratelimit-Interval, X-Ratelimit-Remaining, RateLimit-Policy, RateLimit, Idempotency-Replayed',
}

/** Seconds that a browser may remember the answer to a preflight. */
const MAX_AGE = '600'

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PATCH, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Accept, If-Match, Idempotency-Key, X-Request-Id',
  'Access-Control-Max-Age': MAX_AGE,
}

/** Lets scripts of any origin read this answer, and its headers. */
export const letBrowsersRead = (res: Response): void => void res.set(EVERY_ANSWER)

/** Lets scripts of any origin use the API, and answers a browser's preflight (204), which carries no token. Credentials
 *  that a browser adds by itself are never allowed. An OPTIONS that is no preflight goes on.
 *  Source: Fetch standard, "CORS protocol"; ATTACKS H6 */
export function allowBrowsers(req: Request, res: Response, next: NextFunction): void {
  letBrowsersRead(res)
  const { origin, 'access-control-request-method': method } = req.headers
  if (req.method !== 'OPTIONS' || origin === undefined || method === undefined) {
    next()
    return
  }
  res.status(204).set(PREFLIGHT).end()
}
