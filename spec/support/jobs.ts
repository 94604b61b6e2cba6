import { pino } from 'pino'
import type { Job, JobContext } from '../../src/jobs/job.js'
import type { Mailer } from '../../src/outbox/mailer.js'
import type { LogLine, Service } from './service.js'

/** Runs one job of a service now, or as if it were `now`.  @returns what it logged */
export async function runJob(
  service: Pick<Service, 'db' | 'parts' | 'config'>,
  job: Job,
  options: { now?: Date; mailer?: Mailer; signal?: AbortSignal } = {},
): Promise<LogLine[]> {
  const logs: LogLine[] = []
  const log = pino({}, { write: (line: string) => void logs.push(JSON.parse(line)) })
  const context: JobContext = {
    knex: service.db.knex,
    secrets: service.parts.secrets,
    log,
    now: options.now ?? new Date(),
    mailer: options.mailer,
    dnsServers: service.config.dnsServers,
    keys: service.parts.keys,
    keyRotationDays: service.config.keyRotationDays,
    signal: options.signal ?? new AbortController().signal,
  }
  await job.run(context)
  return logs
}

/** Rows of a table, read by the owner of the database. */
export async function rowsOf<T = Record<string, unknown>>(
  service: Pick<Service, 'db'>,
  table: string,
  where: Record<string, unknown>,
): Promise<T[]> {
  return (await service.db.knex(table).where(where)) as T[]
}
