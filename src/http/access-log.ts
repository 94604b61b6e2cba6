import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { atClose, stateOf } from './request.js'

/** The pattern that matched a request, never the path with its ids; `undefined` where nothing did. */
export function routeOf(req: Request): string | undefined {
  const declared: unknown = req.route?.path
  // A list of fixed paths: the one that was asked for.
  const path = Array.isArray(declared) && declared.includes(req.path) ? req.path : declared
  return typeof path === 'string' ? `${stateOf(req).mount ?? req.baseUrl}${path}` : undefined
}

/** Notes where a router is mounted, for the log: express forgets it when the router throws. */
export function noteMount(req: Request, _res: Response, next: NextFunction): void {
  stateOf(req).mount = req.baseUrl
  next()
}

/** Writes one line a request, when the answer is out or the client has gone. Never the query string, a header or a body:
 *  each may hold a secret or a person. Source: DESIGN 3.9; DECISIONS 7 "Structured logs without secrets". */
export function createAccessLog(log: Logger): RequestHandler {
  // Nothing to take out: these lines are made of what is named below. Looking for it would cost more than writing them.
  const lines = log.child({}, { redact: [] })
  return (req: Request, res: Response, next: NextFunction) => {
    atClose(req, () => {
      const { id, startedAt, principal, client, errorCode, traceId } = stateOf(req)
      const line = {
        request_id: id,
        trace_id: traceId,
        method: req.method,
        route: routeOf(req),
        status: res.statusCode,
        duration_ms: Math.round((performance.now() - startedAt) * 10) / 10,
        client: principal?.applicationId ?? client?.applicationId,
        organization: principal?.organizationId ?? client?.organizationId,
        code: errorCode,
        gone: res.writableFinished ? undefined : true,
      }
      lines.info(line, 'request')
    })
    next()
  }
}
