import { type Request, type Response, Router } from 'express'
import { notAllowed } from '../http/canonical.js'
import {
  REFERENCE_ASSETS,
  REFERENCE_POLICY,
  REFERENCE_SCRIPT,
  ReferencePage,
  referenceFolder,
} from './api-reference.js'
import { sendDocument } from './document.js'
import { firstPage, type Installation } from './first-page.js'
import { MARK_FILE } from './mark.js'
import { STYLE } from './style.js'

interface PagesOptions extends Installation {
  /** Writes openapi.yaml for this installation; asked once, at the first request. */
  readonly openApi: () => Promise<string>
}

const ASSET_SECONDS = 3600

const cacheable = (res: Response): Response => res.set('Cache-Control', `public, max-age=${ASSET_SECONDS}`)

/** The API reference and what it loads. */
function referenceRoutes(router: Router): void {
  router.get('/docs/api', (_req: Request, res: Response) =>
    sendDocument(res, { document: ReferencePage(), csp: REFERENCE_POLICY }),
  )
  router.get('/docs/api/start.js', (_req: Request, res: Response) => {
    cacheable(res).type('js').send(REFERENCE_SCRIPT)
  })
  const root = referenceFolder()
  for (const name of REFERENCE_ASSETS) {
    // With `root`, a dot in the folders above (an installation under ~/.local, say) does not hide the file.
    router.get(`/docs/api/${name}`, (_req: Request, res: Response) => {
      cacheable(res).sendFile(name, { root, cacheControl: false })
    })
  }
}

/** Pages for people, and openapi.yaml for machines. */
export function createPages({ config, engine, openApi }: PagesOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const first = firstPage({ config, engine })
  let document: Promise<string> | undefined
  router.get('/', (_req: Request, res: Response) => sendDocument(res, { document: first }))
  router.get('/pages/style.css', (_req: Request, res: Response) => {
    cacheable(res).type('css').send(STYLE)
  })
  router.get('/pages/mark.svg', (_req: Request, res: Response) => {
    cacheable(res).type('svg').send(MARK_FILE)
  })
  router.get('/openapi.yaml', async (_req: Request, res: Response) => {
    document ??= openApi()
    // The type of RFC 9512.
    res.set('Content-Type', 'application/yaml; charset=utf-8').send(await document)
  })
  referenceRoutes(router)
  const fixed = ['/', '/pages/style.css', '/pages/mark.svg', '/openapi.yaml', '/docs/api', '/docs/api/start.js']
  router.all(fixed, notAllowed('GET, HEAD'))
  return router
}
