import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { LimitName } from '../config/limits.js'
import { type LimitKey, type Limits, limitHeaders } from '../limits/limits.js'
import { letBrowsersRead } from './cors.js'
import { networkFor, principalFor } from './request.js'

type Taking = readonly [name: LimitName, key: LimitKey]

/** What watches the process is never kept out: it asks often, from one address, and costs nothing. */
const FREE = new Set(['/health', '/ready', '/metrics'])
const FOR_BROWSERS = /^\/(?:api|oauth|\.well-known)\//
const READS = new Set(['GET', 'HEAD'])

/** The first two steps of a path: `/api/roles` of `/api/roles/…/permissions`. */
const endpointOf = (path: string): string => path.split('/', 3).join('/')

/** The limits of a request by its address; the first is the average that `X-Ratelimit-*` tell of. */
function takingsOf(req: Request): Taking[] {
  const network = networkFor(req)
  if (req.path === '/oauth/token') return [['token', network]]
  const kind = READS.has(req.method) ? 'read' : 'write'
  return [
    [kind, network],
    [`${kind}_burst`, [network, endpointOf(req.path)]],
  ]
}

/** Takes from each limit, in order, and tells how each stands: the contract's headers tell of the first only.
 *  @throws AppError too_many */
async function takeAll(limits: Limits, takings: readonly Taking[], res: Response): Promise<void> {
  for (const [name, key] of takings) {
    const standing = await limits.take(name, key)
    if (!standing) return
    const headers = limitHeaders(name, standing)
    for (const [header, value] of Object.entries(headers)) {
      const before = res.getHeader(header)
      if (before === undefined) res.setHeader(header, value)
      else if (header.startsWith('RateLimit')) res.setHeader(header, `${before}, ${value}`)
    }
  }
}

/** Limits by address, before anything else is done for a request. Preflights and what watches the process are free.
 *  Errors: 429, in a form that a browser's script may read. */
export function limitByAddress(limits: Limits): RequestHandler {
  return async (req: Request, res: Response, next: NextFunction) => {
    if (req.method !== 'OPTIONS' && !FREE.has(req.path)) {
      await takeAll(limits, takingsOf(req), res).catch((error: unknown) => {
        if (FOR_BROWSERS.test(req.path)) letBrowsersRead(res)
        throw error
      })
    }
    next()
  }
}

/** Limits by who calls, over all addresses: a person's account, apart for each organization that a token is about, or a
 *  machine's client; and that organization. Errors: 429 */
export function limitByCaller(limits: Limits): RequestHandler {
  return async (req: Request, res: Response, next: NextFunction) => {
    const { userId, applicationId, organizationId } = principalFor(req)
    const takings: Taking[] = [
      // By organization: what an application does for a person in one does not keep the person out of another.
      userId === undefined ? ['client', applicationId] : ['account', [userId, organizationId ?? '']],
    ]
    if (organizationId !== undefined) takings.push(['organization', organizationId])
    await takeAll(limits, takings, res)
    next()
  }
}
