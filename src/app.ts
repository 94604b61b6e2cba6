import type { Server } from 'node:http'
import { Router as createRouter, type Express, type Request, type RequestHandler, type Router } from 'express'
import type { Context } from './access/context.js'
import { createParts, type Parts, type PartsOptions } from './app/parts.js'
import { createPeople } from './app/people.js'
import { isCrowd } from './crypto/passwords.js'
import { createAccessLog, noteMount } from './http/access-log.js'
import { createBearer } from './http/bearer.js'
import { readDocument } from './http/body.js'
import { onlyCanonicalPaths, unknownRoute } from './http/canonical.js'
import { noteAddress } from './http/client-address.js'
import { allowBrowsers } from './http/cors.js'
import { answerInTime } from './http/deadline.js'
import { createHealth } from './http/health.js'
import { createJsonApiErrors } from './http/jsonapi-errors.js'
import { createMetricsPage, measure } from './http/metrics.js'
import { negotiate } from './http/negotiate.js'
import { createOAuthErrors } from './http/oauth-errors.js'
import { limitByAddress, limitByCaller } from './http/rate-limit.js'
import { beginRequest, networkFor, principalFor, requestIdOf, stateOf } from './http/request.js'
import { securityHeaders } from './http/security-headers.js'
import { createExpress, createHttpServer, drain, listen } from './http/server.js'
import { createTokenInfo } from './http/tokeninfo.js'
import { traceRequests } from './http/tracing.js'
import { writesInTurn } from './http/turns.js'
import { inStep } from './in-step.js'
import { createJsonApi } from './jsonapi/routes.js'
import { createOAuth } from './oauth/routes.js'
import { createUserinfo } from './oauth/userinfo.js'
import { createDevMail } from './pages/dev-mail.js'
import { createPageErrors } from './pages/error.js'
import { openApiYaml } from './pages/openapi.js'
import { createPages } from './pages/routes.js'
import { createSchemas } from './pages/schemas.js'

export { createParts, type Parts, type PartsOptions } from './app/parts.js'

const GRACE_MS = 8_000
const LAST_CALL_MS = 500
/** The database is read twice a second: one that has not answered for so long is silent. */
const SILENT_SECONDS = 4
/** Where a refusal has OAuth's form, even one that comes before the endpoint: RFC 6749 §5.2. */
const OAUTH_ENDPOINTS = /^\/oauth\/(?!tokeninfo$|authorize$|continue$|end_session$)[a-z_]+$/

/** A service that can listen. */
export interface Gatehouse {
  readonly server: Server
  readonly parts: Parts
  /** Starts keys and revocations, then listens; answers where, e.g. `http://127.0.0.1:3000`. */
  listen(port: number, host: string): Promise<string>
  /** Stops listening, finishes what runs (8 s at most). The database stays open: it was handed in. */
  stop(): Promise<void>
}

/** Runs the work of one request behind both locks. A change counts here at once, not at the next beat of the poll. */
function createRun({ access, revocations }: Parts) {
  return async <T>(req: Request, work: (ctx: Context) => Promise<T>): Promise<T> => {
    const readOnly = req.method === 'GET' || req.method === 'HEAD'
    const answer = await access.run({ principal: principalFor(req), requestId: requestIdOf(req), readOnly }, work)
    if (readOnly) await inStep()
    // Committed is committed: if the news cannot be read now, the poll brings them, and this answer stays true.
    else await revocations.refresh().catch(() => undefined)
    return answer
  }
}

/** What is under /api: but for the schemas, nothing without a principal. */
function apiPlane(bearer: RequestHandler, parts: Parts, { config }: PartsOptions): Router {
  const resources = createJsonApi({ registry: parts.registry, apiUrl: config.apiUrl, run: createRun(parts) })
  const router = createRouter({ caseSensitive: true, strict: true })
  router.use(createSchemas())
  return router.use(noteMount, allowBrowsers, negotiate, bearer, limitByCaller(parts.limits), readDocument, resources)
}

function oauthPlane(parts: Parts, { config, db, log }: PartsOptions): Router {
  const { keys, limits, revocations, secrets, verifier, clock, activity } = parts
  const onError = createOAuthErrors(log)
  const note = (req: Request) => (client: { applicationId: string; organization: { id: string } | undefined }) => {
    stateOf(req).client = { applicationId: client.applicationId, organizationId: client.organization?.id }
  }
  const limitsOf = (req: Request) => ({ limits, network: networkFor(req), note: note(req) })
  const onGrant = (req: Request, grant: string): void => {
    stateOf(req).grant = grant
  }
  const subjects = new Set(parts.registry.resources.keys())
  return createOAuth({
    config,
    db,
    keys,
    revocations,
    secrets,
    verifier,
    clock,
    onError,
    subjects,
    activity,
    limitsOf,
    onGrant,
  }).router
}

interface Wiring {
  readonly options: PartsOptions
  readonly parts: Parts
  readonly isReady: () => boolean
}

/** Hangs every part on express. The order is the request's way: nothing below `onlyCanonicalPaths` sees an odd path,
 *  nothing under /api runs without a principal, and a body is read only for a caller who is known. */
function assemble({ options, parts, isReady }: Wiring): Express {
  const { config, db, log } = options
  const app = createExpress()
  // The embedded engine has one connection, which somebody's long work may hold.
  const isSilent = (): boolean => db.engine === 'postgresql' && parts.revocations.ageSeconds() > SILENT_SECONDS
  app.use(beginRequest, securityHeaders, createAccessLog(log), answerInTime({ ms: config.requestTimeoutMs, isSilent }))
  app.use(writesInTurn({ isCrowd }))
  app.use(measure(parts.metrics), ...(config.otlpEndpoint === undefined ? [] : [traceRequests()]))
  app.use(noteAddress({ ...config, log }), limitByAddress(parts.limits), onlyCanonicalPaths)
  const bearer = createBearer({ verify: parts.verifier.verify, clock: parts.clock })
  // What is asked most comes first: each router before it is looked through, route by route.
  app.use('/api', apiPlane(bearer, parts, options))
  app.use(oauthPlane(parts, options))
  app.use(createHealth({ isReady }), createMetricsPage(parts.metrics, { token: config.metricsToken }))
  const { access, clock, registry, secrets } = parts
  app.use(createTokenInfo({ bearer, access, clock, knex: db.knex, subjects: [...registry.resources.keys()] }))
  app.use(createUserinfo({ ...parts, db, onError: createOAuthErrors(log) }))
  app.use(createPeople(parts, options))
  app.use(createDevMail({ knex: db.knex, secrets, config }))
  app.use(createPages({ config, engine: db.engine, openApi: () => openApiYaml(parts.registry, config) }))
  app.use(unknownRoute)
  app.use(OAUTH_ENDPOINTS, createOAuthErrors(log))
  app.use(createPageErrors(log), createJsonApiErrors(log))
  return app
}

/** Builds the service on a migrated database. */
export async function createGatehouse(options: PartsOptions): Promise<Gatehouse> {
  const parts = await createParts(options)
  let stopping = false
  const isReady = (): boolean => !stopping && parts.revocations.healthy()
  const server = createHttpServer(assemble({ options, parts, isReady }))
  return {
    server,
    parts,
    async listen(port, host) {
      await parts.start()
      const actual = await listen(server, { port, host })
      const shown = host === '::' || host === '0.0.0.0' ? 'localhost' : host.includes(':') ? `[${host}]` : host
      return `http://${shown}:${actual}`
    },
    async stop() {
      stopping = true
      await drain(server, { graceMs: GRACE_MS, lastCallMs: options.config.production ? LAST_CALL_MS : 0 })
      await parts.stop()
    },
  }
}
