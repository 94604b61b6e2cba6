import type { Knex } from 'knex'
import { givingWay } from '../db/give-way.js'
import type { Transaction } from '../db/queries.js'
import type { DatabaseRole } from '../db/roles.js'
import { inTransaction } from '../db/transaction.js'
import { AppError } from '../errors.js'
import { ID_PATTERN, newId } from '../ids.js'
import type { Limits } from '../limits/limits.js'
import { createOutbox, type Outbox } from '../outbox/enqueue.js'
import type { Activity } from '../tokens/activity.js'
import { type Abilities, type Evaluate, evaluate as evaluateRights } from './abilities.js'
import { type ChangeFeed, createGrantsCache } from './abilities-cache.js'
import { type Grant, isMachine } from './grants.js'
import type { Guarded, Row } from './guarded.js'
import { createIdempotency, type Idempotency, OtherRights } from './idempotency.js'
import { createPlatform, type Platform } from './platform.js'
import { callerName, type Principal } from './principal.js'
import { createScope, type Scope } from './scope.js'
import { createTurns } from './turns.js'

/** Decisions of the configuration that operations need. */
export interface Settings {
  readonly domain: string
  readonly invitationSeconds: number
  readonly autoActivateKnownUsers: boolean
  /** Of passwords that people choose. */
  readonly bcryptCost: number
}

/** What operations need of crypto/secrets. */
export interface SecretMaker {
  newSecret(prefix: string): string
  hash(value: string): string
  seal(text: string): string
  open(sealed: string): string
}

/** All that an operation gets: who calls, what they may, the door, and the time. Lives as long as its transaction. */
export interface Context {
  readonly principal: Principal
  readonly abilities: Abilities
  readonly scope: Scope
  readonly platform: Platform
  readonly idempotency: Idempotency
  readonly outbox: Outbox
  readonly limits: Pick<Limits, 'take'>
  readonly secrets: SecretMaker
  readonly settings: Settings
  readonly now: Date
  readonly requestId: string
  /** Founds an organization and answers the context of its first owner. The id is made here, so that nobody can
   *  enter an organization that exists. */
  found(rowOf: (id: string) => Promise<Record<string, unknown>>): Promise<{ context: Context; organization: Row }>
}

interface AccessOptions {
  readonly knex: Knex
  readonly guards: ReadonlyMap<string, Guarded>
  readonly feed: ChangeFeed
  readonly secrets: SecretMaker
  readonly settings: Settings
  readonly limits: Pick<Limits, 'take'>
  readonly clock: () => Date
  /** Told of every call in the name of a user. */
  readonly activity?: Pick<Activity, 'userCalled'>
  /** Only the tenancy suite passes these two: each takes one of the two locks away. */
  readonly databaseRole?: DatabaseRole | string
  readonly evaluate?: Evaluate
}

export interface Request {
  readonly principal: Principal
  readonly requestId: string
  /** Nothing is changed: all that is read is of one moment. */
  readonly readOnly?: boolean
}

export interface Access {
  /** Runs `work` in one transaction, behind both locks; tries again when the database asks for it. */
  run<T>(request: Request, work: (context: Context) => Promise<T>): Promise<T>
}

const TRIES = 4
/** How long a request waits for its caller's turn; the embedded engine's one connection is a queue by itself. */
const WAIT_MS = 3000
const WAIT_EMBEDDED_MS = 10_000

interface Lock {
  readonly role: string
  readonly organizations: readonly string[]
  readonly principal: Principal
  readonly readOnly: boolean
}

/** One statement that is planned once a connection, and no round trip of its own. */
const LOCK = `select set_config('role', ?, true), set_config('app.organization_ids', ?, true),
  set_config('app.user_id', ?, true), set_config('app.caller', ?, true)`

async function lock(trx: Transaction, { role, organizations, principal, readOnly }: Lock): Promise<void> {
  const { applicationId, userId: user = '' } = principal
  for (const id of [...organizations, applicationId, ...(user === '' ? [] : [user])]) {
    if (!ID_PATTERN.test(id)) throw new Error('an id of the lock does not look like an id')
  }
  const values = [role, organizations.join(','), user, callerName(principal)]
  await trx.ask(LOCK, values, { prologue: true, readOnly })
}

interface Opening {
  readonly options: AccessOptions
  readonly trx: Transaction
  readonly request: Request
  readonly grants: readonly Grant[]
  readonly now: Date
  readonly touched: Set<string>
}

async function open(opening: Opening): Promise<Context> {
  const { options, trx, request, grants, now, touched } = opening
  const { principal, requestId, readOnly = false } = request
  const abilities = (options.evaluate ?? evaluateRights)(principal, grants)
  const organizations = grants.map((grant) => grant.organizationId)
  await lock(trx, { role: options.databaseRole ?? 'gatehouse_api', organizations, principal, readOnly })
  const caller = { name: callerName(principal), principal, abilities, touched }
  const scope = createScope({ trx, guards: options.guards, abilities, principal, requestId, now, touched })
  return {
    principal,
    abilities,
    scope,
    platform: createPlatform(trx, { principal, requestId, now }),
    idempotency: createIdempotency(trx, { caller, secrets: options.secrets, now }),
    outbox: createOutbox(trx, options.secrets, now),
    limits: options.limits,
    secrets: options.secrets,
    settings: options.settings,
    now,
    requestId,
    async found(rowOf) {
      if (!abilities.mayFound())
        throw new AppError('forbidden', { detail: 'Only a person may create an organization.' })
      const id = newId()
      const seat: Grant = { organizationId: id, owner: true, kind: 'admin', permissions: {} }
      const context = await open({ ...opening, grants: [...grants, seat] })
      const organization = await context.scope.insert('organizations', { ...(await rowOf(id)), id })
      return { context, organization }
    },
  }
}

/** The refusal of a machine that is nobody any more: its token is as good as revoked. Source: RFC 6750 §3.1 */
const gone = (): AppError =>
  new AppError('unauthenticated', {
    detail: 'The access token you provided is invalid.',
    headers: { 'WWW-Authenticate': 'Bearer realm="gatehouse", error="invalid_token"' },
  })

/** Makes the one entrance to tenant data. */
export function createAccess(options: AccessOptions): Access {
  const { knex, feed, clock } = options
  const cache = createGrantsCache(knex, feed, clock)

  async function once<T>(request: Request, work: (context: Context) => Promise<T>): Promise<T> {
    const grants = await cache.of(request.principal)
    if (grants.length === 0 && isMachine(request.principal)) throw gone()
    const now = clock()
    const [only, ...others] = grants
    // Who stands in one organization is active there whatever they read; else the rows say where.
    const touched = new Set(only !== undefined && others.length === 0 ? [only.organizationId] : [])
    const answer = await inTransaction(knex, async (trx) =>
      work(await open({ options, trx, request, grants, now, touched })),
    )
    const { userId } = request.principal
    if (userId !== undefined) options.activity?.userCalled(userId, touched, now)
    return answer
  }

  // Half of the pool, so that the others find connections whatever one caller asks for.
  const { max = 2 } = (knex.client as { pool?: { max?: number } }).pool ?? {}
  const turn = createTurns({ limit: Math.max(1, Math.floor(max / 2)), waitMs: max === 1 ? WAIT_EMBEDDED_MS : WAIT_MS })

  const attempt = <T>(request: Request, work: (context: Context) => Promise<T>): Promise<T> =>
    givingWay({ tries: TRIES }, () => turn(callerName(request.principal), () => once(request, work)))

  return {
    run: (request, work) =>
      attempt(request, work).catch((error: unknown) => {
        if (!(error instanceof OtherRights)) throw error
        // What was founded a moment ago may not have been heard of here yet.
        cache.forget(request.principal)
        return attempt(request, work)
      }),
  }
}

/** The time of this machine. Everything that needs the time is handed a clock; the service is handed this one. */
export const systemClock = (): Date => new Date()
