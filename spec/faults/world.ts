import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { newId } from '../../src/ids.js'
import { type Child, gatehouse, runGatehouse } from '../support/child.js'
import { temporaryFolder } from '../support/database.js'
import { freePort } from '../support/free-port.js'
import { type Postgres, type PostgresOptions, startPostgres } from '../support/postgres.js'

/** How much of a fault suite is run: `quick` in the gate, `long` by `FAULTS=long npm run faults`. */
export const amount = (quick: number, long: number): number => (process.env.FAULTS === 'long' ? long : quick)

interface Client {
  client_id: string
  client_secret: string
}

/** An installation whose parts can be broken: PostgreSQL (or the embedded engine), a demo, processes of the service. */
export interface World {
  readonly postgres: Postgres | undefined
  readonly env: Record<string, string>
  readonly organizationId: string
  start(env?: Record<string, string>): Promise<Instance>
  /** Asks the database itself, past the service. On PostgreSQL only. */
  query<T extends object>(sql: string, values?: unknown[]): Promise<T[]>
  stop(): Promise<void>
}

/** One process of the service. */
export interface Instance {
  readonly child: Child
  readonly url: string
}

const COMMON = {
  SECRET_KEY: 'one master key for the world in which things break',
  HOST: '127.0.0.1',
  BCRYPT_COST: '4',
  NODE_ENV: 'production',
  RATE_LIMITS: 'off',
}

async function startInstance(env: Record<string, string>): Promise<Instance> {
  const port = await freePort()
  const child = runGatehouse(['serve'], { ...env, PORT: String(port), ISSUER: 'http://gatehouse.test' })
  await child.says('"msg":"listening"')
  return { child, url: `http://127.0.0.1:${port}` }
}

/** Makes a world with a demo organization in it. */
export async function startWorld(
  engine: 'postgresql' | 'embedded',
  options: PostgresOptions = {},
): Promise<World & { demo: { owner: Client; sales_channel: Client } }> {
  const folder = temporaryFolder()
  const postgres = engine === 'postgresql' ? await startPostgres(options) : undefined
  const database = postgres === undefined ? {} : { DATABASE_URL: postgres.url() }
  const env = { ...COMMON, ...database, DATA_DIR: folder.path, API_URL: 'http://gatehouse.test/api' }
  const { output } = await gatehouse(['demo', '--json'], { ...env, ISSUER: 'http://gatehouse.test' })
  const demo = JSON.parse(output.slice(output.indexOf('{\n')))
  const instances: Instance[] = []
  return {
    postgres,
    env,
    demo,
    organizationId: demo.organization.id,
    async start(more = {}) {
      const instance = await startInstance({ ...env, ...more })
      instances.push(instance)
      return instance
    },
    async query<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
      const client = new pg.Client({ connectionString: postgres?.url() })
      await client.connect()
      try {
        return (await client.query<T>(sql, values)).rows
      } finally {
        await client.end()
      }
    },
    async stop() {
      for (const end of running.splice(0)) end()
      for (const { child } of instances) {
        if (child.process.exitCode === null && child.process.signalCode === null) await child.stop('SIGKILL')
      }
      await postgres?.stop()
      folder.remove()
    },
  }
}

/** A token of the demo's owner. */
export async function tokenAt(url: string, client: Client): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...only(client) })
  const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body })
  return ((await answer.json()) as { access_token: string }).access_token
}
const only = ({ client_id, client_secret }: Client): Record<string, string> => ({ client_id, client_secret })

/** What a load has met. `acknowledged` are the names of roles that were answered with 201. */
export interface Met {
  readonly acknowledged: Set<string>
  readonly statuses: Map<number | string, number>
  /** 503 answers that did not say when to come again. */
  withoutRetryAfter: number
  slowestMs: number
}

/** Which acknowledged roles are not there with their version. */
export async function lostOf({ query }: Pick<World, 'query'>, { acknowledged }: Met): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select r.name from roles r join versions v on v.organization_id = r.organization_id and v.resource_id = r.id
      where r.name = any ($1)`,
    [[...acknowledged]],
  )
  const there = new Set(rows.map(({ name }) => name))
  return [...acknowledged].filter((name) => !there.has(name))
}

interface LoadOptions {
  readonly token: string
  readonly organizationId: string
  readonly concurrency: number
  /** Where to send each request; may change while it runs. */
  readonly url: () => string
}

async function create(met: Met, options: LoadOptions): Promise<void> {
  const name = `r${newId()}`
  const organization = { data: { type: 'organizations', id: options.organizationId } }
  const began = performance.now()
  try {
    const answer = await fetch(`${options.url()}/api/roles`, {
      method: 'POST',
      headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/vnd.api+json' },
      body: JSON.stringify({ data: { type: 'roles', attributes: { name }, relationships: { organization } } }),
    })
    await answer.arrayBuffer()
    if (answer.status === 201) met.acknowledged.add(name)
    if (answer.status === 503 && answer.headers.get('retry-after') === null) met.withoutRetryAfter += 1
    met.statuses.set(answer.status, (met.statuses.get(answer.status) ?? 0) + 1)
  } catch {
    met.statuses.set('cut', (met.statuses.get('cut') ?? 0) + 1)
    await sleep(20)
  }
  met.slowestMs = Math.max(met.slowestMs, performance.now() - began)
}

/** How to end the loads that run: one that a failed test has left would run for ever. */
const running: (() => void)[] = []

/** Writes roles, several at a time, until `stop`, which waits for the last answers. */
export function load(options: LoadOptions): { readonly met: Met; stop(): Promise<Met> } {
  const met: Met = { acknowledged: new Set(), statuses: new Map(), withoutRetryAfter: 0, slowestMs: 0 }
  let stopped = false
  running.push(() => {
    stopped = true
  })
  const workers = Array.from({ length: options.concurrency }, async () => {
    while (!stopped) await create(met, options)
  })
  return {
    met,
    async stop() {
      stopped = true
      await Promise.all(workers)
      return met
    },
  }
}

/** Waits until a new write succeeds.  @returns milliseconds from the call to it */
export async function normalAgain(options: LoadOptions, patienceMs: number): Promise<number> {
  const began = performance.now()
  while (performance.now() - began < patienceMs) {
    const met: Met = { acknowledged: new Set(), statuses: new Map(), withoutRetryAfter: 0, slowestMs: 0 }
    await create(met, options)
    if (met.acknowledged.size > 0) return performance.now() - began
    await sleep(50)
  }
  return Number.POSITIVE_INFINITY
}
