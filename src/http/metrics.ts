import { createHash, timingSafeEqual } from 'node:crypto'
import { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express'
import { AppError } from '../errors.js'
import type { Metrics } from '../metrics/metrics.js'
import { routeOf } from './access-log.js'
import { noRoute, notAllowed } from './canonical.js'
import { atClose, stateOf } from './request.js'

const PATH = '/metrics'
const LOOPBACK = /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/
/** What says that somebody else asks through this machine. */
const FORWARDED = ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'x-real-ip', 'via']

/** Measures every request when its answer is out. What matched no route is one route, whatever its path. */
export function measure(metrics: Metrics): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    atClose(req, () => {
      const { startedAt, grant, outcome } = stateOf(req)
      const seconds = (performance.now() - startedAt) / 1000
      metrics.request({ method: req.method, route: routeOf(req) ?? 'none', status: res.statusCode, seconds })
      if (grant !== undefined) metrics.token(grant, outcome ?? (res.statusCode < 300 ? 'issued' : 'error'))
    })
    next()
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** With a token, whoever has it may read; without, only who sits on this machine, and the page is not there for others. */
function createGate(token: string | undefined): RequestHandler {
  const expected = token === undefined ? undefined : digest(token)
  return (req: Request, _res: Response, next: NextFunction) => {
    if (expected !== undefined) {
      const [, sent = ''] = /^bearer +(\S+) *$/i.exec(req.headers.authorization ?? '') ?? []
      if (timingSafeEqual(digest(sent), expected)) return next()
      const headers = { 'WWW-Authenticate': 'Bearer realm="gatehouse metrics"' }
      throw new AppError('unauthenticated', { detail: 'Present METRICS_TOKEN.', headers })
    }
    const here = LOOPBACK.test(req.socket.remoteAddress ?? '')
    if (!here || FORWARDED.some((name) => req.headers[name] !== undefined)) throw noRoute()
    next()
  }
}

/** `GET /metrics`, for Prometheus. `token`: METRICS_TOKEN. */
export function createMetricsPage(metrics: Metrics, { token }: { token: string | undefined }): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get(PATH, createGate(token), async (_req: Request, res: Response) => {
    res.setHeader('Content-Type', metrics.contentType)
    res.end(await metrics.text())
  })
  router.all(PATH, notAllowed('GET, HEAD'))
  return router
}
