import { type Request, type Response, Router } from 'express'
import { notAllowed } from './canonical.js'

function answer(res: Response, status: 200 | 503, word: string): void {
  res.setHeader('Cache-Control', 'no-store')
  if (status === 503) res.setHeader('Retry-After', '1')
  res.status(status).json({ status: word })
}

/** `GET /health`: the process answers. `GET /ready`: it may be sent requests, i.e. it is not stopping and its view of the
 *  revocations, read from the database twice a second, is fresh. Neither asks the database anything (ATTACKS J21). */
export function createHealth({ isReady }: { isReady: () => boolean }): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get('/health', (_req: Request, res: Response) => answer(res, 200, 'ok'))
  router.get('/ready', (_req: Request, res: Response) => {
    if (isReady()) answer(res, 200, 'ok')
    else answer(res, 503, 'unavailable')
  })
  router.all(['/health', '/ready'], notAllowed('GET, HEAD'))
  return router
}
