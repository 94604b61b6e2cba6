import { type Request, type RequestHandler, type Response, Router } from 'express'
import type { Context } from '../access/context.js'
import { AppError } from '../errors.js'
import { type Answer, createAnswers } from './answers.js'
import { ATOMIC, isCollection, performAtomic } from './atomic.js'
import type { Endpoint, Handler } from './endpoint.js'
import { idempotent, repeatableOf } from './idempotent.js'
import { linkage, list, related, retrieve } from './reads.js'
import type { Registry } from './registry.js'
import { relink } from './relinks.js'
import { writeDocument } from './resource-object.js'
import { createSerialize } from './serialize.js'
import { act, create, remove, update } from './writes.js'

const MEDIA_TYPE = 'application/vnd.api+json'

interface JsonApiOptions {
  readonly registry: Registry
  /** Absolute, without a slash at the end; the base of every link. */
  readonly apiUrl: string
  /** Opens the caller's transaction; given by app.ts, which knows who calls. */
  readonly run: <T>(req: Request, work: (ctx: Context) => Promise<T>) => Promise<T>
}

type Methods = Readonly<Record<string, Handler>>
type Serve = (handler: Handler, mediaType?: string) => (req: Request, res: Response) => Promise<void>

/** The endpoints of a resource: path under /api → method → handler. A literal path (an action) comes before a parameter. */
function endpointsOf(endpoint: Endpoint): Map<string, Methods> {
  const { name, definition, relationships } = endpoint.resource
  const { verbs, actions = {}, singleton } = definition
  const base = `/${name}`
  const one = singleton === undefined ? `${base}/:id` : base
  const paths = new Map<string, Methods>()
  if (singleton === undefined) {
    paths.set(base, {
      ...(verbs.list && { GET: list(endpoint) }),
      ...(verbs.create && { POST: create(endpoint) }),
    })
  }
  paths.set(one, {
    ...(verbs.retrieve && { GET: retrieve(endpoint) }),
    ...(verbs.update && { PATCH: update(endpoint) }),
    ...(verbs.delete && { DELETE: remove(endpoint) }),
  })
  for (const [action, definition] of Object.entries(actions)) {
    paths.set(`${one}/${action}`, { [definition.method]: act(endpoint, definition) })
  }
  for (const relationship of relationships.keys()) {
    paths.set(`${one}/relationships/${relationship}`, {
      GET: linkage(endpoint),
      PATCH: relink(endpoint, 'replace'),
      POST: relink(endpoint, 'add'),
      DELETE: relink(endpoint, 'remove'),
    })
    paths.set(`${one}/${relationship}`, { GET: related(endpoint) })
  }
  return paths
}

const allowOf = (methods: Methods): string =>
  [...Object.keys(methods), ...('GET' in methods ? ['HEAD'] : []), 'OPTIONS'].join(', ')

function mount(router: Router, serve: Serve, [path, methods]: readonly [string, Methods]): void {
  const route = router.route(path)
  const Allow = allowOf(methods)
  for (const [method, handler] of Object.entries(methods)) route[method.toLowerCase() as 'get'](serve(handler))
  route.options((_req, res) => {
    res.setHeader('Allow', Allow)
    res.status(204).end()
  })
  route.all((_req, _res, next) => {
    next(new AppError('method_not_allowed', { detail: `Only ${Allow} may be used here.`, headers: { Allow } }))
  })
}

function send(res: Response, answer: Answer, mediaType: string): void {
  res.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value)
  if (answer.body === undefined) {
    res.end()
    return
  }
  const bytes = writeDocument(answer.body)
  res.setHeader('Content-Type', mediaType)
  res.setHeader('Content-Length', bytes.length)
  res.end(bytes)
}

/** Serves a handler: its call out of the request, its answer after the commit. */
const serveWith =
  (run: JsonApiOptions['run']): Serve =>
  (handler, mediaType = MEDIA_TYPE) =>
  async (req, res) => {
    const { id = '', relationship = req.path.split('/').at(-1) ?? '' } = req.params as Record<string, string>
    const [path = '', search = ''] = req.url.split(/\?(.*)/s)
    const key = req.method === 'POST' ? req.get('idempotency-key') : undefined
    const repeatable = repeatableOf(key, `${req.method} ${path}?${search}`)
    const work = repeatable === undefined ? handler : idempotent(handler, repeatable)
    const call = { id, relationship, search, body: req.body as unknown, ifMatch: req.get('if-match') }
    send(res, await run(req, (ctx) => work(ctx, call)), mediaType)
  }

const EXACT = { caseSensitive: true, strict: true }

function atomicOf(serve: Serve, endpoints: ReadonlyMap<string, Endpoint>): Router {
  const router = Router(EXACT)
  router.post(
    '/operations',
    serve(
      performAtomic((name) => endpoints.get(name)),
      `${MEDIA_TYPE}; ext="${ATOMIC}"`,
    ),
  )
  router.all('/operations', (_req, _res, next) => {
    next(new AppError('method_not_allowed', { detail: 'Only POST may be used here.', headers: { Allow: 'POST' } }))
  })
  return router
}

/** Builds an express router for each type, and for the atomic operations, by the first word of their paths. */
export function createRouters({ registry, apiUrl, run }: JsonApiOptions): ReadonlyMap<string, Router> {
  const routers = new Map<string, Router>()
  const serialize = createSerialize(apiUrl)
  const answers = createAnswers(registry, serialize)
  const serve = serveWith(run)
  const endpoints = new Map<string, Endpoint>()
  for (const resource of registry.resources.values()) {
    const endpoint = { registry, resource, answers, serialize }
    if (isCollection(resource)) endpoints.set(resource.name, endpoint)
    const router = Router(EXACT)
    for (const path of endpointsOf(endpoint)) mount(router, serve, path)
    routers.set(resource.name, router)
  }
  return routers.set('operations', atomicOf(serve, endpoints))
}

/** Serves all resources, to be mounted behind authentication and body reading. A type's router is found by its name:
 *  express compares a path with every route of a router in turn. */
export function createJsonApi(options: JsonApiOptions): RequestHandler {
  const routers = createRouters(options)
  return (req, res, next) => {
    const [, name = ''] = req.path.split('/', 2)
    const router = routers.get(name)
    if (router === undefined) next()
    else router(req, res, next)
  }
}
