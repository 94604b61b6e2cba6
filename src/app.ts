import type { Server } from 'node:http'
import type { Express, Request, Router } from 'express'
import type { Logger } from 'pino'
import type { Evaluate } from './access/abilities.js'
import { confirmEmail } from './access/accounts.js'
import { type Access, type Context, createAccess, systemClock } from './access/context.js'
import type { Config } from './config.js'
import { readMasterKey } from './crypto/master-key.js'
import { createSecrets, type Secrets } from './crypto/secrets.js'
import type { Database } from './db/connect.js'
import { createAccessLog, noteMount } from './http/access-log.js'
import { createBearer } from './http/bearer.js'
import { readDocument } from './http/body.js'
import { onlyCanonicalPaths, unknownRoute } from './http/canonical.js'
import { allowBrowsers } from './http/cors.js'
import { createHealth } from './http/health.js'
import { createJsonApiErrors } from './http/jsonapi-errors.js'
import { negotiate } from './http/negotiate.js'
import { createOAuthErrors } from './http/oauth-errors.js'
import { beginRequest, principalFor, requestIdOf } from './http/request.js'
import { securityHeaders } from './http/security-headers.js'
import { createExpress, createHttpServer, drain, listen } from './http/server.js'
import { createTokenInfo } from './http/tokeninfo.js'
import { createJobs } from './jobs/index.js'
import type { Runner } from './jobs/runner.js'
import type { Registry } from './jsonapi/registry.js'
import { createJsonApi } from './jsonapi/routes.js'
import { createOAuth } from './oauth/routes.js'
import { createDevMail } from './pages/dev-mail.js'
import { openApiYaml } from './pages/openapi.js'
import { createPages } from './pages/routes.js'
import { createSchemas } from './pages/schemas.js'
import { createVerifyEmail } from './pages/verify-email.js'
import { compileResources } from './resources/index.js'
import { type Activity, createActivity } from './tokens/activity.js'
import { checkFingerprint } from './tokens/fingerprint.js'
import { createKeyRing, type KeyRing } from './tokens/keys.js'
import { createRevocations, type Revocations } from './tokens/revocations.js'
import { createVerifier, type Verifier } from './tokens/verify.js'

const GRACE_MS = 10_000

/** What a whole service, or a command beside it, is made from. The database must be migrated. */
export interface PartsOptions {
  readonly config: Config
  readonly db: Database
  readonly log: Logger
  /** Default: the system's. */
  readonly clock?: () => Date
  /** Only specs pass these: the tenancy suite takes one of the two locks away, the worked example adds a type. */
  readonly overrides?: { readonly databaseRole?: string; readonly evaluate?: Evaluate; readonly registry?: Registry }
}

/** The parts below HTTP, for those that work without it (commands, later jobs). */
export interface Parts {
  readonly clock: () => Date
  readonly registry: Registry
  readonly secrets: Secrets
  readonly keys: KeyRing
  readonly revocations: Revocations
  readonly verifier: Verifier
  readonly access: Access
  readonly activity: Activity
  /** Runs the background jobs while started, unless JOBS=off. */
  readonly runner: Runner
  /** Reads the revocations and the keys, and keeps both fresh. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Makes the parts. Throws an Error for the operator when the master key is not the one of this database. */
export async function createParts(options: PartsOptions): Promise<Parts> {
  const { config, db, log, clock = systemClock, overrides = {} } = options
  const secrets = createSecrets(await readMasterKey(config))
  await checkFingerprint(db, secrets.fingerprint)
  const revocations = createRevocations(db, { log })
  const keys = createKeyRing(db, secrets, { alg: config.tokenAlg, revocations })
  const verifier = createVerifier({ keys, revocations, issuer: config.issuer, audience: config.apiUrl })
  const registry = overrides.registry ?? compileResources({ domain: config.domain })
  const activity = createActivity({ knex: db.knex, log })
  const access = createAccess({
    knex: db.knex,
    guards: registry.guards,
    feed: revocations,
    secrets,
    settings: config,
    clock,
    activity,
    ...overrides,
  })
  const runner = createJobs({ knex: db.knex, log, clock, config, secrets })
  return {
    clock,
    registry,
    secrets,
    keys,
    revocations,
    verifier,
    access,
    activity,
    runner,
    async start() {
      await revocations.start()
      await keys.start()
      activity.start()
      await runner.start()
    },
    async stop() {
      await runner.stop()
      await activity.stop()
      keys.stop()
      await revocations.stop()
    },
  }
}

/** A service that can listen. */
export interface Gatehouse {
  readonly server: Server
  readonly parts: Parts
  /** Starts keys and revocations, then listens; answers where, e.g. `http://127.0.0.1:3000`. */
  listen(port: number, host: string): Promise<string>
  /** Stops listening, finishes what runs (10 s at most). The database stays open: it was handed in. */
  stop(): Promise<void>
}

/** Runs the work of one request behind both locks. A change counts here at once, not at the next beat of the poll. */
function createRun({ access, revocations }: Parts) {
  return async <T>(req: Request, work: (ctx: Context) => Promise<T>): Promise<T> => {
    const answer = await access.run({ principal: principalFor(req), requestId: requestIdOf(req) }, work)
    // Committed is committed: if the news cannot be read now, the poll brings them, and this answer stays true.
    if (req.method !== 'GET' && req.method !== 'HEAD') await revocations.refresh().catch(() => undefined)
    return answer
  }
}

function jsonApiPlane(parts: Parts, config: Config): Router {
  return createJsonApi({ registry: parts.registry, apiUrl: config.apiUrl, run: createRun(parts) })
}

function oauthPlane(parts: Parts, { config, db, log }: PartsOptions): Router {
  const { keys, revocations, secrets, verifier, clock, activity } = parts
  const onError = createOAuthErrors(log)
  const subjects = new Set(parts.registry.resources.keys())
  return createOAuth({ config, db, keys, revocations, secrets, verifier, clock, onError, subjects, activity }).router
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
  app.use(beginRequest, securityHeaders, createAccessLog(log), onlyCanonicalPaths)
  app.use(createHealth({ isReady }))
  const bearer = createBearer({ verify: parts.verifier.verify, clock: parts.clock })
  const { access, clock, registry, secrets } = parts
  app.use(createTokenInfo({ bearer, access, clock, knex: db.knex, subjects: [...registry.resources.keys()] }))
  app.use(oauthPlane(parts, options))
  app.use('/api', createSchemas())
  app.use('/api', noteMount, allowBrowsers, negotiate, bearer, readDocument, jsonApiPlane(parts, config))
  app.use(createDevMail({ knex: db.knex, secrets, config }))
  app.use(
    createVerifyEmail((token) => confirmEmail(db.knex, { tokenHash: parts.secrets.hash(token), now: parts.clock() })),
  )
  app.use(createPages({ config, engine: db.engine, openApi: () => openApiYaml(parts.registry, config) }))
  app.use(unknownRoute)
  app.use(createJsonApiErrors(log))
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
      await drain(server, GRACE_MS)
      await parts.stop()
    },
  }
}
