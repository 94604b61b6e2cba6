import type { Knex } from 'knex'
import type { DatabaseRole } from '../db/roles.js'
import { AppError } from '../errors.js'
import { ID_PATTERN, newId } from '../ids.js'
import { createOutbox, type Outbox } from '../outbox/enqueue.js'
import { type Abilities, type Evaluate, evaluate as evaluateRights } from './abilities.js'
import { type ChangeFeed, createGrantsCache } from './abilities-cache.js'
import type { Grant } from './grants.js'
import type { Guarded, Row } from './guarded.js'
import { createPlatform, type Platform } from './platform.js'
import type { Principal } from './principal.js'
import { createScope, type Scope } from './scope.js'

/** Decisions of the configuration that operations need. */
export interface Settings {
  readonly domain: string
  readonly invitationSeconds: number
  readonly autoActivateKnownUsers: boolean
}

/** What operations need of crypto/secrets. */
export interface SecretMaker {
  newSecret(prefix: string): string
  hash(value: string): string
  seal(text: string): string
}

/** All that an operation gets: who calls, what they may, the door, and the time. Lives as long as its transaction. */
export interface Context {
  readonly principal: Principal
  readonly abilities: Abilities
  readonly scope: Scope
  readonly platform: Platform
  readonly outbox: Outbox
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
  readonly clock: () => Date
  /** Only the tenancy suite passes these two: each takes one of the two locks away. */
  readonly databaseRole?: DatabaseRole | string
  readonly evaluate?: Evaluate
}

export interface Request {
  readonly principal: Principal
  readonly requestId: string
}

export interface Access {
  /** Runs `work` in one transaction, behind both locks; tries again when the database asks for it. */
  run<T>(request: Request, work: (context: Context) => Promise<T>): Promise<T>
}

/** Serialization failure and deadlock: the same work may succeed when tried again (ATTACKS F7). */
const RETRY = new Set(['40001', '40P01'])
const TRIES = 4

interface Lock {
  readonly role: string
  readonly organizations: readonly string[]
  readonly user: string | undefined
}

async function lock(trx: Knex.Transaction, { role, organizations, user = '' }: Lock): Promise<void> {
  for (const id of [...organizations, ...(user === '' ? [] : [user])]) {
    if (!ID_PATTERN.test(id)) throw new Error('an id of the lock does not look like an id')
  }
  // One round trip: ids are checked above, so no bindings are needed and both statements go in one message.
  await trx.raw(
    `set local role ${role}; select set_config('app.organization_ids', '${organizations.join(',')}', true), set_config('app.user_id', '${user}', true)`,
  )
}

interface Opening {
  readonly options: AccessOptions
  readonly trx: Knex.Transaction
  readonly request: Request
  readonly grants: readonly Grant[]
  readonly now: Date
}

async function open(opening: Opening): Promise<Context> {
  const { options, trx, request, grants, now } = opening
  const { principal, requestId } = request
  const abilities = (options.evaluate ?? evaluateRights)(principal, grants)
  const organizations = grants.map((grant) => grant.organizationId)
  await lock(trx, { role: options.databaseRole ?? 'gatehouse_api', organizations, user: principal.userId })
  const scope = createScope({ trx, guards: options.guards, abilities, principal, requestId, now })
  return {
    principal,
    abilities,
    scope,
    platform: createPlatform(trx),
    outbox: createOutbox(trx, options.secrets, now),
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

/** Makes the one entrance to tenant data. */
export function createAccess(options: AccessOptions): Access {
  const { knex, feed, clock } = options
  const cache = createGrantsCache(knex, feed, clock)

  async function once<T>(request: Request, work: (context: Context) => Promise<T>): Promise<T> {
    const grants = await cache.of(request.principal)
    const now = clock()
    return knex.transaction(async (trx) => work(await open({ options, trx, request, grants, now })))
  }

  return {
    async run(request, work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(request, work)
        } catch (error) {
          const code = (error as { code?: string }).code ?? ''
          if (attempt === TRIES || !RETRY.has(code)) throw error
        }
      }
    },
  }
}

/** The time of this machine. Everything that needs the time is handed a clock; the service is handed this one. */
export const systemClock = (): Date => new Date()
