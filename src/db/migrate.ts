import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Knex } from 'knex'
import type pg from 'pg'
import { PACKAGE_ROOT } from '../version.js'
import { checkLocks } from './check-locks.js'
import type { Database } from './connect.js'
import { givingWay, LOCK_NOT_AVAILABLE } from './give-way.js'
import { allowSilence } from './silence.js'

/** Folders of the SQL files; by default those of the package. */
export interface MigrateOptions {
  readonly migrationsDir?: string
  readonly seedsDir?: string
  /** Told why a migration has to wait, each time that it is tried again. */
  readonly onWait?: (message: string) => void
  /** How often a step is tried. */
  readonly tries?: number
}

type Db = Pick<Database, 'knex' | 'engine'>

/** Names of the migrations that have run, that are to run, and that have run but belong to another version. */
export interface MigrationStatus {
  readonly applied: string[]
  readonly pending: string[]
  readonly unknown: string[]
}

const TABLE = 'knex_migrations'
const UP = '.up.sql'
// Any number of our own; the lock is per database.
const ADVISORY_LOCK = '4947290115'
// A migration takes as long as it takes, but for its waits for locks: whoever wants to read a table queues behind it. A backup
// may hold one for hours. Before PostgreSQL 17 there is no transaction_timeout.
const LIMITS = `set local statement_timeout = 0; set local lock_timeout = '1s';
  select set_config('transaction_timeout', '0', true) where current_setting('server_version_num')::int >= 170000`

const folder = (name: string): string => fileURLToPath(new URL(name, PACKAGE_ROOT))
const migrationsIn = (options: MigrateOptions): string => options.migrationsDir ?? folder('migrations')

const namesIn = (dir: string): string[] =>
  readdirSync(dir)
    .filter((file) => file.endsWith(UP))
    .map((file) => file.slice(0, -UP.length))
    .sort()

/** Runs a file's statements as they stand. Not by `raw`, which would take every `?` for a binding, even in a comment. */
async function runSql(trx: Knex, file: string): Promise<void> {
  const sql = readFileSync(file, 'utf8')
  // By knex: only then has the transaction begun (db/begins.ts).
  await trx.raw(LIMITS)
  const client: pg.Client = await trx.client.acquireConnection()
  const watchAgain = allowSilence(client)
  try {
    await client.query(sql)
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    throw Object.assign(new Error(`${file}: ${message}`, { cause: error }), { code })
  } finally {
    watchAgain()
    await trx.client.releaseConnection(client)
  }
}

function configOf(dir: string): Knex.MigratorConfig {
  const migrationSource: Knex.MigrationSource<string> = {
    getMigrations: async () => namesIn(dir),
    getMigrationName: (name) => name,
    getMigration: async (name) => ({
      up: (trx) => runSql(trx, join(dir, `${name}${UP}`)),
      down: (trx) => runSql(trx, join(dir, `${name}.down.sql`)),
    }),
  }
  return { migrationSource, tableName: TABLE }
}

const FIRST_TRIES = 20

/** Waits for the first connections longer than a request would: where many start at once, they take their time. */
async function patiently<T>(connect: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await connect()
    } catch (error) {
      const { name, message } = error as Error
      // The pool's words and the driver's.
      const isLate = name === 'KnexTimeoutError' || message === 'timeout expired'
      if (tries === FIRST_TRIES || !isLate) throw error
    }
  }
}

/** Runs `work` alone among all processes on this database. The lock belongs to a connection of its own, so it ends with
 *  the process; the embedded engine has but one process. */
async function alone<T>(db: Db, work: () => Promise<T>): Promise<T> {
  const client: pg.Client | undefined =
    db.engine === 'postgresql' ? await patiently(() => db.knex.client.acquireRawConnection()) : undefined
  client?.on('error', () => undefined)
  try {
    await client?.query(`select pg_advisory_lock(${ADVISORY_LOCK})`)
    await patiently(() => db.knex.raw('select 1'))
    return await work()
  } finally {
    await client?.end()
  }
}

// Five minutes, of which others wait for one at most.
const TRIES = 60
const PAUSE_MS = 4_000

/** One step, which others who use the tables meanwhile may be in the way of: running instances, a backup, a report. */
async function step<T>({ onWait, tries = TRIES }: MigrateOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await givingWay({ tries, locks: { pause: PAUSE_MS, onWait: ({ message }) => onWait?.(message) } }, work)
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    if (code !== LOCK_NOT_AVAILABLE) throw error
    throw new Error(
      `${message}. Somebody holds a table that it changes: a backup or a long report? This step has changed nothing; run it again when they are done.`,
      { cause: error },
    )
  }
}

async function seed(db: Db, dir: string, options: MigrateOptions): Promise<void> {
  for (const file of readdirSync(dir).sort()) {
    if (file.endsWith('.sql')) await step(options, () => db.knex.transaction((trx) => runSql(trx, join(dir, file))))
  }
}

/** What has run and what has not. Changes nothing. */
export async function migrationStatus(db: Db, options: MigrateOptions = {}): Promise<MigrationStatus> {
  const known = namesIn(migrationsIn(options))
  const exists = await db.knex.schema.hasTable(TABLE)
  const applied: string[] = exists ? await db.knex(TABLE).orderBy('id').pluck('name') : []
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  }
}

async function refuseNewer(db: Db, options: MigrateOptions): Promise<MigrationStatus> {
  const status = await migrationStatus(db, options)
  if (status.unknown.length === 0) return status
  throw new Error(
    `A newer version of Gatehouse has run on this database: this version does not know ${status.unknown.join(', ')}. Start that version, or roll back with it first.`,
  )
}

/** The migrator of knex, for who is `alone`: what its own lock row says is then left from a process that was killed. */
async function freed({ knex }: Db, config: Knex.MigratorConfig): Promise<Knex.Migrator> {
  await knex.migrate.forceFreeMigrationsLock(config)
  return knex.migrate
}

async function runPending(db: Db, { applied, pending }: MigrationStatus, options: MigrateOptions): Promise<void> {
  if (pending.length === 0) return
  const config = configOf(migrationsIn(options))
  const migrator = await freed(db, config)
  // `latest` puts all of them in one transaction. A database that has nothing yet has nothing to wait for its locks,
  // and on the embedded engine each commit costs the first start a wait for the disk.
  if (applied.length === 0 && db.engine === 'embedded') await migrator.latest(config)
  else for (const _ of pending) await step(options, () => migrator.up(config))
}

/** Brings the database up to date: each pending migration in its own transaction (all in one where the embedded engine
 *  begins), then every seed. Any number of processes may call it at once, and it may be killed and run again.
 *  @returns names of the migrations that ran.  Throws if the database belongs to a newer version, or if its locks are open. */
export async function migrate(db: Db, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  return alone(db, async () => {
    const status = await refuseNewer(db, options)
    await runPending(db, status, options)
    await seed(db, options.seedsDir ?? folder('seeds'), options)
    await checkLocks(db.knex)
    return { applied: status.pending }
  })
}

/** Takes back the last `steps` migrations, newest first.  @returns their names. */
export async function rollback(db: Db, steps: number, options: MigrateOptions = {}): Promise<{ rolledBack: string[] }> {
  const config = configOf(migrationsIn(options))
  return alone(db, async () => {
    const { applied } = await refuseNewer(db, options)
    const names = applied.slice(Math.max(0, applied.length - steps)).reverse()
    const migrator = await freed(db, config)
    for (const _ of names) await step(options, () => migrator.down(config))
    return { rolledBack: names }
  })
}
