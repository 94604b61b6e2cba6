import { pino } from 'pino'
import { createGatehouse, type Parts, type PartsOptions } from '../../src/app.js'
import { type Config, readConfig } from '../../src/config.js'
import type { Database } from '../../src/db/connect.js'
import { specDatabase } from './database.js'

interface ServiceOptions {
  /** Environment variables over those of the specs. */
  readonly env?: Record<string, string>
  readonly overrides?: PartsOptions['overrides']
  readonly clock?: () => Date
  /** A database to use instead of a new one; it stays open at `stop`. */
  readonly db?: Database
  /** Default: any that is free. */
  readonly port?: number
}

/** One log line, parsed. */
export type LogLine = Record<string, unknown> & { level: number; msg: string }

/** A whole service in this process, on a port of its own. */
export interface Service {
  /** Where it listens, e.g. `http://127.0.0.1:41234`; tokens and links name the DOMAIN instead. */
  readonly url: string
  readonly config: Config
  readonly db: Database
  readonly parts: Parts
  /** What it has logged so far. */
  readonly logs: LogLine[]
  stop(): Promise<void>
}

const ENVIRONMENT = {
  DOMAIN: 'gatehouse.test',
  SECRET_KEY: 'the master key of the specs, which is no secret at all',
  // The least that bcrypt takes: the specs are about everything but its cost.
  BCRYPT_COST: '4',
  LOG_LEVEL: 'info',
  // A spec that wants a job to run calls it: the database is shared by all of them.
  JOBS: 'off',
  // All specs are one caller. Those about limits switch them on.
  RATE_LIMITS: 'off',
}

/** Starts the service on a database of its own. Issuer https://auth.gatehouse.test, links under
 *  https://provisioning.gatehouse.test/api. Call `stop` in afterAll. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const config = readConfig({ ...ENVIRONMENT, ...options.env })
  const db = options.db ?? (await specDatabase())
  const logs: LogLine[] = []
  const log = pino({ level: config.logLevel }, { write: (line: string) => void logs.push(JSON.parse(line)) })
  const { overrides, clock } = options
  const gatehouse = await createGatehouse({
    config,
    db,
    log,
    ...(overrides ? { overrides } : {}),
    ...(clock ? { clock } : {}),
  })
  const url = await gatehouse.listen(options.port ?? 0, '127.0.0.1')
  return {
    url,
    config,
    db,
    parts: gatehouse.parts,
    logs,
    async stop() {
      await gatehouse.stop()
      if (!options.db) await db.close()
    },
  }
}
