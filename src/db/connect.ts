import createKnex, { type Knex } from 'knex'
import type pg from 'pg'
import { startEmbedded } from './embedded.js'
import { listen } from './listen.js'
import { connectionTypes } from './types.js'

/** An open database. `listen` exists only on PostgreSQL: the embedded engine has one process, which needs no messages. */
export interface Database {
  readonly knex: Knex
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
  readonly log: (message: string) => void
}

const CONNECT_MS = 10_000
const ACQUIRE_MS = 10_000
const STATEMENT_MS = 30_000
const OLDEST_SERVER = 140_000

const messageOf = (error: unknown): string => {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: Error[] }
  // A host name with several addresses fails with an AggregateError whose own message is empty.
  return message || errors?.map((one) => one.message).join(', ') || code || 'unknown error'
}

/** `postgres://user@host:port/name`: what may be said of a DATABASE_URL. The password and the parameters may not. */
function publicUrl(databaseUrl: string): string {
  try {
    const { protocol, username, host, pathname } = new URL(databaseUrl)
    return `${protocol}//${username ? `${username}@` : ''}${host}${pathname}`
  } catch {
    return '(not a URL: expected postgres://user:password@host:port/name)'
  }
}

function makeKnex(connection: pg.ClientConfig, max: number, options: ConnectOptions): Knex {
  const statementMs = Math.trunc(options.statementTimeoutMs ?? STATEMENT_MS)
  type Done = (error: Error | null, client: pg.Client) => void
  return createKnex({
    client: 'pg',
    connection: connection as Knex.PgConnectionConfig,
    acquireConnectionTimeout: ACQUIRE_MS,
    pool: {
      min: Math.min(1, max),
      max,
      afterCreate: (client: pg.Client, done: Done) => {
        client.query(`set time zone 'UTC'; set statement_timeout = ${statementMs}`, (error) =>
          done(error ?? null, client),
        )
      },
    },
    log: { warn: options.log, error: options.log, deprecate: options.log, debug: () => undefined },
  })
}

async function connectPostgres(databaseUrl: string, options: ConnectOptions): Promise<Database> {
  const connection: pg.ClientConfig = {
    connectionString: databaseUrl,
    application_name: 'gatehouse',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    types: connectionTypes as pg.CustomTypesConfig,
  }
  const where = `DATABASE_URL ${publicUrl(databaseUrl)}`
  let knex: Knex | undefined
  try {
    knex = makeKnex(connection, options.poolSize, options)
    const version = await knex.raw("select current_setting('server_version_num')::int as number")
    if (version.rows[0].number < OLDEST_SERVER) throw new Error('the server is older than PostgreSQL 14')
  } catch (error) {
    await knex?.destroy()
    throw new Error(`${where}: cannot use this database: ${withoutSecrets(messageOf(error), databaseUrl)}`)
  }
  const { log } = options
  return {
    knex,
    engine: 'postgresql',
    close: () => knex.destroy(),
    listen: (channel, onMessage, onReconnect) => listen({ connection, channel, onMessage, onReconnect, log }),
  }
}

/** A foreign message may repeat the URL that it could not read. */
function withoutSecrets(message: string, databaseUrl: string): string {
  const password = /^[^:]+:\/\/[^:@/]*:(.+)@/.exec(databaseUrl)?.[1]
  return [databaseUrl, password].reduce<string>(
    (text, secret) => (secret ? text.replaceAll(secret, '…') : text),
    message,
  )
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
  const knex = makeKnex(connection, 1, options)
  return { knex, engine: 'embedded', close: () => knex.destroy() }
}

/** Opens the database: PostgreSQL by `databaseUrl`, else the embedded engine in `dataDir`. The one place that knows which
 *  engine runs. Timestamps arrive as ISO 8601 text with milliseconds, bigint as number, jsonb parsed.
 *  Throws an Error for the operator that names DATABASE_URL (never its password) or the data directory. */
export async function connect(options: ConnectOptions): Promise<Database> {
  if (options.databaseUrl !== undefined && options.databaseUrl !== '') {
    return connectPostgres(options.databaseUrl, options)
  }
  const engine = await startEmbedded(options)
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
