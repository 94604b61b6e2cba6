import { type Request, type Response, Router } from 'express'
import type { Context } from '../access/context.js'
import { AppError } from '../errors.js'
import { createAnswers } from './answers.js'
import { createHandlers, type Handler } from './handlers.js'
import type { Registry, Resource } from './registry.js'
import { createSerialize } from './serialize.js'

const MEDIA_TYPE = 'application/vnd.api+json'

interface JsonApiOptions {
  readonly registry: Registry
  /** Absolute, without a slash at the end; the base of every link. */
  readonly apiUrl: string
  /** Opens the caller's transaction; given by app.ts, which knows who calls. */
  readonly run: <T>(req: Request, work: (ctx: Context) => Promise<T>) => Promise<T>
}

type Methods = Readonly<Record<string, Handler | undefined>>

/** The endpoints of a resource: path under /api → method → handler. */
function endpointsOf(resource: Resource, handlers: ReturnType<typeof createHandlers>): Map<string, Methods> {
  const { verbs, actions = {}, singleton } = resource.definition
  const retrieve = verbs.retrieve && handlers.retrieve
  const update = verbs.update && handlers.update
  const remove = verbs.delete && handlers.remove
  const base = `/${resource.name}`
  const one = singleton === undefined ? `${base}/:id` : base
  const paths = new Map<string, Methods>()
  const each: Methods = { GET: retrieve || undefined, PATCH: update || undefined, DELETE: remove || undefined }
  if (singleton === undefined) {
    paths.set(base, { GET: verbs.list && handlers.list, POST: verbs.create && handlers.create })
  }
  paths.set(one, each)
  for (const [name, action] of Object.entries(actions))
    paths.set(`${one}/${name}`, { [action.method]: handlers.action(action) })
  if (resource.relationships.size > 0) {
    const { linkage, relink, refuseRelink } = handlers
    paths.set(`${one}/relationships/:relationship`, {
      GET: linkage,
      PATCH: relink,
      POST: refuseRelink,
      DELETE: refuseRelink,
    })
    paths.set(`${one}/:relationship`, { GET: handlers.related })
  }
  return paths
}

function notAllowed(methods: Methods): AppError {
  const allowed = Object.keys(methods).filter((method) => methods[method] !== undefined)
  const Allow = [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  return new AppError('method_not_allowed', { detail: `Only ${Allow} may be used here.`, headers: { Allow } })
}

/** Builds the express router of all resources, to be mounted behind authentication and body reading. */
export function createJsonApi({ registry, apiUrl, run }: JsonApiOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const serialize = createSerialize(apiUrl)
  const answers = createAnswers(registry, serialize)

  const serve =
    (handler: Handler) =>
    async (req: Request, res: Response): Promise<void> => {
      const { id = '', relationship = '' } = req.params as Record<string, string>
      const mark = req.url.indexOf('?')
      const search = mark === -1 ? '' : req.url.slice(mark + 1)
      const answer = await run(req, (ctx) => handler(ctx, { id, relationship, search, body: req.body as unknown }))
      res.statusCode = answer.status
      for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value)
      if (answer.body === undefined) {
        res.end()
        return
      }
      const text = Buffer.from(JSON.stringify(answer.body))
      res.setHeader('Content-Type', MEDIA_TYPE)
      res.setHeader('Content-Length', text.length)
      res.end(text)
    }

  for (const resource of registry.resources.values()) {
    const handlers = createHandlers({ registry, resource, answers, serialize })
    for (const [path, methods] of endpointsOf(resource, handlers)) {
      const route = router.route(path)
      for (const [method, handler] of Object.entries(methods)) {
        if (handler !== undefined) route[method.toLowerCase() as 'get'](serve(handler))
      }
      route.options((_req, res) => {
        res.setHeader('Allow', notAllowed(methods).headers.Allow ?? '')
        res.status(204).end()
      })
      // The action paths come first, so a GET there must fall through to the relationship of that name.
      if (!path.endsWith('/:relationship') && Object.keys(methods).some((method) => method === 'GET')) {
        route.all((_req, _res, next) => next(notAllowed(methods)))
      }
    }
    if (resource.relationships.size > 0) refuseOthers(router, resource)
  }
  return router
}

/** What is left under a resource's paths: a wrong method on a known path, or no path at all. */
function refuseOthers(router: Router, resource: Resource): void {
  const one = resource.definition.singleton === undefined ? `/${resource.name}/:id` : `/${resource.name}`
  router.all(`${one}/:relationship`, (req, _res, next) => {
    const name = String((req.params as Record<string, string>).relationship)
    const action = resource.definition.actions?.[name]
    if (action !== undefined) next(notAllowed({ [action.method]: async () => ({ status: 202 }) }))
    else if (resource.relationships.has(name)) next(notAllowed({ GET: async () => ({ status: 200 }) }))
    else next()
  })
}
