import { type Logger, pino } from 'pino'
import { createGatehouse, type Gatehouse } from '../app.js'
import { type Config, readConfig } from '../config.js'
import type { Database } from '../db/connect.js'
import { migrate } from '../db/migrate.js'
import { demoOnFirstStart } from './demo.js'
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

async function start(config: Config, db: Database, log: Logger): Promise<{ gatehouse: Gatehouse; told: string }> {
  const { applied } = await migrate(db)
  if (applied.length > 0) log.info({ applied }, 'migrated')
  const gatehouse = await createGatehouse({ config, db, log })
  // Before it listens: whoever sees it answer finds the credentials there.
  const demo = db.engine === 'embedded' ? await demoOnFirstStart({ config, db, log }) : undefined
  try {
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

/** `gatehouse serve`: migrates, makes keys, listens; a new embedded database gets the demo. Stops gently on a signal. */
export async function serve({ env, out, onSignal }: Surroundings): Promise<void> {
  const config = readConfig(env)
  const log = createLog(config)
  const db = await openDatabase(config, log)
  try {
    const { gatehouse, told } = await start(config, db, log)
    onSignal(once(() => void stopAll(gatehouse, db, log)))
    out(told)
  } catch (error) {
    await db.close()
    throw error
  }
}
