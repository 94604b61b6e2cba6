import { type Logger, pino } from 'pino'
import type { Gatehouse, PartsOptions } from '../app.js'
import type { Config } from '../config.js'
import type { Database } from '../db/connect.js'
import type { EmbeddedEngine } from '../db/embedded.js'
import { migrate } from '../db/migrate.js'
import { type MakeKeyPair, makeAhead } from '../tokens/key-material.js'
import { openDatabase, type Surroundings } from './environment.js'

/** Field names under which a secret could end up in a log line by accident. */
const SECRET_FIELDS = ['authorization', 'client_secret', 'password', 'token', 'access_token', 'refresh_token']

/** Bytes of log lines that may wait for a disk that is full; more are dropped. */
const MOST_UNWRITTEN = 1 << 20

function createLog(config: Config): Logger {
  const paths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  const stdout = pino.destination({ dest: 1, sync: true, maxLength: MOST_UNWRITTEN })
  // A log that cannot be written, on a full disk for instance, stops nothing (ATTACKS F10).
  stdout.on('error', () => undefined)
  return pino({ level: config.logLevel, redact: { paths, censor: '[secret]' } }, stdout)
}

async function stopAll(gatehouse: Gatehouse, db: Database, log: Logger): Promise<void> {
  log.info('stopping: no new requests')
  try {
    await gatehouse.stop()
    await db.close()
    log.info('stopped')
  } catch (error) {
    log.error({ err: error }, 'the stop was not clean')
    process.exitCode = 1
  }
}

/** Calls `work` the first time only: a second Ctrl-C must not stop what is stopping. */
function once(work: () => void): () => void {
  let done = false
  return () => {
    if (!done) work()
    done = true
  }
}

interface Start {
  readonly config: Config
  readonly log: Logger
  readonly makePair: MakeKeyPair
}

async function start(db: Database, { config, log, makePair }: Start): Promise<{ gatehouse: Gatehouse; told: string }> {
  const { applied } = await migrate(db, { onWait: (why) => log.warn({ why }, 'a migration waits') })
  if (applied.length > 0) log.info({ applied }, 'migrated')
  const { createGatehouse } = await import('../app.js')
  const gatehouse = await createGatehouse({ config, db, log, makePair })
  try {
    // Before it listens: whoever sees it answer finds the credentials there.
    const demo = db.engine === 'embedded' ? await demoFor({ config, db, log }) : undefined
    const url = await gatehouse.listen(config.port, config.host)
    log.info({ url, issuer: config.issuer, engine: db.engine }, 'listening')
    // In production stdout holds log lines only.
    const told = db.engine === 'embedded' ? `Gatehouse listens at ${url}\n${demo ?? ''}` : ''
    return { gatehouse, told }
  } catch (error) {
    await gatehouse.stop()
    throw error
  }
}

async function demoFor(options: PartsOptions): Promise<string | undefined> {
  const { demoOnFirstStart } = await import('./demo.js')
  return demoOnFirstStart(options)
}

/** What a start needs and the database does not: it is read, and the first keys are made, while the database opens. */
function prepare(config: Config, isFirst: boolean): MakeKeyPair {
  // Whoever needs it imports it again, and gets the failure then.
  import('../app.js').catch(() => undefined)
  return makeAhead(isFirst ? [config.tokenAlg, 'RS256'] : [])
}

/** What `serve` knows before anything else is read. */
interface Early {
  readonly config: Config
  /** Undefined on PostgreSQL. */
  readonly engine: Promise<EmbeddedEngine> | undefined
  /** Whether a new embedded database is made. */
  readonly isFirst: boolean
}

/** Serves until a signal: see `serve`. */
export async function serving({ out, onSignal }: Surroundings, { config, engine, isFirst }: Early): Promise<void> {
  const log = createLog(config)
  const opening = openDatabase(config, log, engine)
  const makePair = prepare(config, isFirst)
  const db = await opening
  try {
    const { gatehouse, told } = await start(db, { config, log, makePair })
    onSignal(once(() => void stopAll(gatehouse, db, log)))
    out(told)
  } catch (error) {
    await db.close()
    throw error
  }
}
