import type { Request, RequestHandler, Response } from 'express'
import { AppError } from '../errors.js'
import { readBody } from './body.js'
import { readParameters, refuseQuery } from './parameters.js'
import type { TokenRequest } from './server.js'

// Storefronts ask for tokens from the browser, without cookies; so any origin may, and none with credentials.
const CORS = Object.entries({
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'Retry-After, WWW-Authenticate, X-Ratelimit-Limit, X-Ratelimit-Interval, X-Ratelimit-Remaining, RateLimit-Policy, RateLimit',
})
// A browser reads these in the answer to a preflight and nowhere else (Fetch standard, "CORS protocol").
const PREFLIGHT = {
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Backend-Auth, X-True-Client-Ip',
  'Access-Control-Max-Age': '600',
}

/** Lets scripts of any origin call an endpoint, and answers their preflights. */
export const forBrowsers =
  (methods: string): RequestHandler =>
  (request, response, next) => {
    for (const [name, value] of CORS) response.setHeader(name, value)
    if (request.method !== 'OPTIONS') next()
    else
      response
        .status(204)
        .set({ ...PREFLIGHT, 'Access-Control-Allow-Methods': methods })
        .end()
  }

/** The refusal of any other method. */
export const onlyMethod =
  (allow: string): RequestHandler =>
  () => {
    throw new AppError('method_not_allowed', { detail: `Use ${allow} here.`, headers: { Allow: `${allow}, OPTIONS` } })
  }

/** Sends JSON that nobody may keep. Source: RFC 6749 §5.1. */
export function sendSecret(response: Response, body: object, status = 200): void {
  response.statusCode = status
  // Express would look the type up for each answer.
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('Pragma', 'no-cache')
  response.setHeader('Content-Type', 'application/json;charset=utf-8')
  response.end(JSON.stringify(body))
}

/** Sends JSON that everybody may keep for five minutes. */
export const sendPublic =
  (body: () => object): RequestHandler =>
  (_request, response) => {
    // Keys are published at least this long before their first use.
    response.set({ 'Cache-Control': 'public, max-age=300', 'Content-Type': 'application/json;charset=utf-8' })
    response.end(JSON.stringify(body()))
  }

/** Reads the parameters of a request out of its body; those in `names`, and nothing out of the address.
 *  Throws `malformed`, `too_large`. */
export async function readRequest(
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
