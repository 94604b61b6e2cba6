import { type Logger, pino } from 'pino'
import { type Config, readConfig } from '../config.js'
import type { Database } from '../db/connect.js'
import { migrate } from '../db/migrate.js'
import { isMissing, startEngine } from './starting.js'

/** What a command gets of the world around it. */
export interface Surroundings {
  readonly env: Record<string, string | undefined>
  /** Writes to the terminal; each call is whole lines. */
  readonly out: (text: string) => void
  /** Called for SIGTERM and SIGINT; only `serve` asks. */
  readonly onSignal: (listener: () => void) => void
}

/** A command's configuration, log and database. */
export interface Workplace {
  readonly config: Config
  readonly db: Database
  readonly log: Logger
}

/** Opens the database that the configuration names; `engine`: where it is being started already. */
export async function openDatabase(config: Config, log: Logger, engine = startEngine(config)): Promise<Database> {
  const { databaseUrl, dataDir, databasePoolSize: poolSize, statementTimeoutMs } = config
  const { connect } = await import('../db/connect.js')
  return connect({ databaseUrl, dataDir, poolSize, statementTimeoutMs, engine, log: (message) => log.info(message) })
}

type Work<T> = (workplace: Workplace) => Promise<T>

/** Runs `work` on an open database and closes it, whatever happens. The log goes to stderr, so that stdout holds
 *  nothing but the answer (`--json` is for machines). */
export async function onDatabase<T>({ env }: Surroundings, work: Work<T>): Promise<T> {
  const config = readConfig(env)
  // Warnings and errors only: a command's own words are its log.
  const log = pino({ level: config.logLevel === 'info' ? 'warn' : config.logLevel }, pino.destination(2))
  if (isMissing(config)) log.warn(`DATABASE_URL is not set: a new embedded database is made in ${config.dataDir}`)
  const db = await openDatabase(config, log)
  try {
    return await work({ config, db, log })
  } finally {
    await db.close()
  }
}

/** Refuses a command that would do nothing on a new database and yet say that it was done.
 *  Throws an Error for the operator where there is no database. */
export function mustExist({ env }: Surroundings): void {
  const config = readConfig(env)
  if (!isMissing(config)) return
  const where = `DATABASE_URL is not set, and there is no embedded database in ${config.dataDir}`
  throw new Error(`${where}. Run this with the environment of the service.`)
}

/** As `onDatabase`, on the newest schema. */
export function onMigrated<T>(around: Surroundings, work: Work<T>): Promise<T> {
  return onDatabase(around, async (workplace) => {
    await migrate(workplace.db)
    return work(workplace)
  })
}

/** Prints an answer: as one JSON document with `--json`, else as lines for people. */
export function print(
  out: Surroundings['out'],
  options: { json?: boolean },
  answer: { data: unknown; text: string },
): void {
  out(options.json ? `${JSON.stringify(answer.data, null, 2)}\n` : `${answer.text}\n`)
}
