import createKnex, { type Knex } from 'knex'
import type pg from 'pg'
import { actAsAuth } from './at-once.js'
import { clientClass } from './client.js'
import { publicUrl, withoutSecrets } from './database-url.js'
import { type EmbeddedEngine, startEmbedded } from './embedded.js'
import { listen } from './listen.js'
import { endWhenSilent } from './silence.js'
import { connectionTypes } from './types.js'

/** An open database. `listen` exists only on PostgreSQL: the embedded engine has one process, which needs no messages. */
export interface Database {
  readonly knex: Knex
  /** One connection beside the pool, for what must not wait behind requests: the news of revocations. What `atOnce` asks
   *  there is all that it is for. On the embedded engine it is the same as `knex`. */
  readonly aside: Knex
  /** Where `atOnce` asks what it is to ask of `knex`: the look-ups and rotations of tokens do not wait behind requests, nor
   *  requests behind them. On the embedded engine it is the same as `knex`. */
  readonly auth: Knex
  readonly engine: 'postgresql' | 'embedded'
  close(): Promise<void>
  /** Calls `onMessage` with the payload of each notification, and `onReconnect` after messages may have been missed. */
  listen?(channel: string, onMessage: (payload: string) => void, onReconnect: () => void): Promise<() => Promise<void>>
}

/** What `connect` needs. Without `databaseUrl` the embedded engine runs in `dataDir`, with a pool of one. */
export interface ConnectOptions {
  readonly databaseUrl?: string | undefined
  readonly dataDir: string
  readonly poolSize: number
  /** Longest time of one statement; 0 is no limit. Default 30,000. The embedded engine cannot interrupt a statement. */
  readonly statementTimeoutMs?: number | undefined
  /** The embedded engine, where it is being started already. */
  readonly engine?: Promise<EmbeddedEngine> | undefined
  readonly log: (message: string) => void
}

const CONNECT_MS = 10_000
// Of a pool's connections. Seven round trips: no less than six seconds where each takes half of one (ATTACKS F5).
const RECONNECT_MS = 6_000
// The server cancels a statement before; what says nothing longer is gone (F4). News are short statements.
const GRACE_MS = 500
const SILENT_ASIDE_MS = 3_000
// Who waits longer for a connection is told to come again (ATTACKS F6). The embedded engine's one connection is a queue.
const ACQUIRE_MS = 1_500
const ACQUIRE_EMBEDDED_MS = 10_000
const MOST_WAITING = 1_000
// The server's own limits, beyond the deadline of db/transaction.ts, for a process that hangs or is cut off.
const IDLE_TRANSACTION_MS = 15_000
const SERVER_TRANSACTION_MS = 30_000
const STATEMENT_MS = 30_000
const OLDEST_SERVER = 140_000

const messageOf = (error: unknown): string => {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: Error[] }
  // A host name with several addresses fails with an AggregateError whose own message is empty.
  return message || errors?.map((one) => one.message).join(', ') || code || 'unknown error'
}

interface PoolOptions {
  readonly max: number
  readonly acquireMs: number
  /** What every session begins with. */
  readonly session: string
  /** How long the server may owe an answer; 0: for ever. */
  readonly silentMs: number
  /** Whether statements are kept prepared; only where a connection has a session of its own. */
  readonly prepare?: boolean
}

const baseSession = ({ statementTimeoutMs = STATEMENT_MS }: ConnectOptions): string =>
  `set time zone 'UTC'; set statement_timeout = ${Math.trunc(statementTimeoutMs)}`

/** With limits for whole transactions; `transaction_timeout` came with PostgreSQL 17. */
const serverSession = (options: ConnectOptions): string =>
  `${baseSession(options)}; set idle_in_transaction_session_timeout = ${IDLE_TRANSACTION_MS};
  select set_config('transaction_timeout', '${SERVER_TRANSACTION_MS}', false)
    where current_setting('server_version_num')::int >= 170000`

/** For statements that look for keys: each is planned once, and not again for each number of them, which would take five
 *  times as long as to find them. */
const BY_KEYS = 'set plan_cache_mode = force_generic_plan'

function makeKnex(connection: pg.ClientConfig, pool: PoolOptions, { log }: ConnectOptions): Knex {
  const { max, acquireMs, session, silentMs, prepare = false } = pool
  type Done = (error: Error | null, client: pg.Client) => void
  return createKnex({
    client: clientClass({ prepare }),
    // Statements go out when they are asked, not when the one before has been answered: db/begins.ts relies on it.
    connection: { ...connection, pipeline: true } as Knex.PgConnectionConfig,
    acquireConnectionTimeout: acquireMs,
    pool: {
      min: Math.min(1, max),
      max,
      afterCreate: (client: pg.Client, done: Done) => {
        if (silentMs > 0) endWhenSilent(client, silentMs)
        client.query(session, (error) => done(error ?? null, client))
      },
    },
    log: { warn: log, error: log, deprecate: log, debug: () => undefined },
  })
}

/** Lets at most `most` wait for a connection: who comes then is refused at once. */
function boundQueue(knex: Knex, most: number): Knex {
  const { client } = knex
  const acquire = client.acquireConnection.bind(client)
  client.acquireConnection = async () => {
    if ((client.pool?.numPendingAcquires() ?? 0) < most) return acquire()
    throw Object.assign(new Error('too many wait for a connection'), { code: '53300' })
  }
  return knex
}

async function connectPostgres(databaseUrl: string, options: ConnectOptions): Promise<Database> {
  const connection: pg.ClientConfig = {
    connectionString: databaseUrl,
    application_name: 'gatehouse',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    types: connectionTypes as pg.CustomTypesConfig,
  }
  const pooled = { ...connection, connectionTimeoutMillis: RECONNECT_MS }
  const where = `DATABASE_URL ${publicUrl(databaseUrl)}`
  const session = serverSession(options)
  let aside: Knex | undefined
  try {
    aside = makeKnex(
      pooled,
      { max: 1, acquireMs: CONNECT_MS, session, silentMs: SILENT_ASIDE_MS, prepare: true },
      options,
    )
    const version = await aside.raw("select current_setting('server_version_num')::int as number")
    if (version.rows[0].number < OLDEST_SERVER) throw new Error('the server is older than PostgreSQL 14')
  } catch (error) {
    await aside?.destroy()
    throw new Error(`${where}: cannot use this database: ${withoutSecrets(messageOf(error), databaseUrl)}`)
  }
  const { log, poolSize: max, statementTimeoutMs = STATEMENT_MS } = options
  const silentMs = statementTimeoutMs === 0 ? 0 : statementTimeoutMs + GRACE_MS
  const serving = { acquireMs: ACQUIRE_MS, session, silentMs, prepare: true }
  const knex = boundQueue(makeKnex(pooled, { max, ...serving }, options), MOST_WAITING)
  const byKeys = { ...serving, session: `${BY_KEYS}; ${session}` }
  const auth = boundQueue(makeKnex(pooled, { max, ...byKeys }, options), MOST_WAITING)
  actAsAuth(aside, aside)
  actAsAuth(knex, auth)
  return {
    knex,
    aside,
    auth,
    engine: 'postgresql',
    close: async () => void (await Promise.all([knex, aside, auth].map((one) => one.destroy()))),
    listen: (channel, onMessage, onReconnect) => listen({ connection, channel, onMessage, onReconnect, log }),
  }
}

/** Opens a database on the socket of an embedded engine that already runs; `close` leaves the engine running. */
export function connectToEngine(engine: { host: string; port: number }, options: ConnectOptions): Database {
  const connection: pg.ClientConfig = {
    host: engine.host,
    port: engine.port,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    types: connectionTypes as pg.CustomTypesConfig,
  }
  // One session serves all: a second connection would wait for the first one's transaction, and with it this process.
  const pool = { max: 1, acquireMs: ACQUIRE_EMBEDDED_MS, session: baseSession(options), silentMs: 0 }
  const knex = makeKnex(connection, pool, options)
  return { knex, aside: knex, auth: knex, engine: 'embedded', close: () => knex.destroy() }
}

/** Opens the database: PostgreSQL by `databaseUrl`, else the embedded engine in `dataDir`. The one place that knows which
 *  engine runs. Timestamps arrive as ISO 8601 text with milliseconds, bigint as number, jsonb parsed.
 *  Throws an Error for the operator that names DATABASE_URL (never its password) or the data directory. */
export async function connect(options: ConnectOptions): Promise<Database> {
  if (options.databaseUrl !== undefined && options.databaseUrl !== '') {
    return connectPostgres(options.databaseUrl, options)
  }
  const engine = await (options.engine ?? startEmbedded(options))
  options.log(
    `embedded database in ${options.dataDir}: for evaluation and development; set DATABASE_URL for production`,
  )
  const database = connectToEngine(engine, options)
  const close = async (): Promise<void> => {
    await database.close()
    await engine.close()
  }
  try {
    await database.knex.raw('select 1')
  } catch (error) {
    await close()
    throw error
  }
  return { ...database, close }
}
