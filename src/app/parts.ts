import type { Logger } from 'pino'
import type { Evaluate } from '../access/abilities.js'
import { type Access, createAccess, systemClock } from '../access/context.js'
import type { Config } from '../config.js'
import { readMasterKey } from '../crypto/master-key.js'
import { createSecrets, type Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import { createJobs } from '../jobs/index.js'
import type { Runner } from '../jobs/runner.js'
import type { Registry } from '../jsonapi/registry.js'
import { createLimits, type RunningLimits } from '../limits/limits.js'
import { createMetrics, type Metrics } from '../metrics/metrics.js'
import { startTraces } from '../metrics/traces.js'
import { compileResources } from '../resources/index.js'
import { type Activity, createActivity } from '../tokens/activity.js'
import { checkFingerprint } from '../tokens/fingerprint.js'
import type { MakeKeyPair } from '../tokens/key-material.js'
import { createKeyRing, type KeyRing } from '../tokens/keys.js'
import { createRevocations, type Revocations } from '../tokens/revocations.js'
import { createSessions, type Sessions } from '../tokens/sessions.js'
import { createVerifier, type Verifier } from '../tokens/verify.js'
import { gaugesOf } from './gauges.js'

/** What a whole service, or a command beside it, is made from. The database must be migrated. */
export interface PartsOptions {
  readonly config: Config
  readonly db: Database
  readonly log: Logger
  /** Default: the system's. */
  readonly clock?: () => Date
  /** Makes the first keys; default: when they turn out to be missing. */
  readonly makePair?: MakeKeyPair
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
  readonly sessions: Sessions
  readonly limits: RunningLimits
  readonly metrics: Metrics
  /** Runs the background jobs while started, unless JOBS=off. */
  readonly runner: Runner
  /** Reads the revocations and the keys, and keeps both fresh. */
  start(): Promise<void>
  stop(): Promise<void>
}

function limitsOf({ config, db, log }: PartsOptions, { hash }: Secrets, metrics: Metrics): RunningLimits {
  const { rateLimits: on, rates } = config
  if (!on && config.production) log.warn('RATE_LIMITS=off: nobody is limited, not even who guesses passwords')
  return createLimits({ on, rates, db, hash, log, onRefused: metrics.limited })
}

/** Makes the parts. Throws an Error for the operator when the master key is not the one of this database. */
export async function createParts(options: PartsOptions): Promise<Parts> {
  const { config, db, log, clock = systemClock, overrides = {} } = options
  const secrets = createSecrets(await readMasterKey(config))
  await checkFingerprint(db, secrets.fingerprint)
  const revocations = createRevocations(db, { log })
  const keys = createKeyRing(db, secrets, { alg: config.tokenAlg, revocations, makePair: options.makePair })
  const verifier = createVerifier({ keys, revocations, issuer: config.issuer, audience: config.apiUrl })
  const registry = overrides.registry ?? compileResources({ domain: config.domain })
  const activity = createActivity({ knex: db.knex, log })
  const metrics = createMetrics(gaugesOf({ db, keys, revocations, clock }))
  const limits = limitsOf(options, secrets, metrics)
  const access = createAccess({
    knex: db.knex,
    guards: registry.guards,
    feed: revocations,
    secrets,
    settings: config,
    limits,
    clock,
    activity,
    ...overrides,
  })
  const lifetimes = { absoluteSeconds: config.sessionMaxSeconds, idleSeconds: config.sessionIdleSeconds }
  const sessions = createSessions({ knex: db.knex, secrets, limits: lifetimes })
  const runner = createJobs({ knex: db.knex, log, clock, config, secrets, keys })
  let stopTraces = async (): Promise<void> => undefined
  return {
    clock,
    registry,
    secrets,
    keys,
    revocations,
    verifier,
    access,
    activity,
    sessions,
    limits,
    metrics,
    runner,
    async start() {
      if (config.otlpEndpoint !== undefined) stopTraces = await startTraces(config.otlpEndpoint)
      await revocations.start()
      await keys.start()
      activity.start()
      limits.start()
      await runner.start()
    },
    async stop() {
      await runner.stop()
      await activity.stop()
      await limits.stop()
      keys.stop()
      await revocations.stop()
      await stopTraces()
    },
  }
}
