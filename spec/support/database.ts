import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { connect, connectToEngine, type Database } from '../../src/db/connect.js'
import { migrate } from '../../src/db/migrate.js'
import { type Postgres, startPostgres } from './postgres.js'

const log = (): void => undefined
const POOL = 4

/** Opens the run's one migrated database: the spec files share it, so make organizations of your own. One per spec file;
 *  close it in afterAll. */
export async function specDatabase(): Promise<Database> {
  const {
    GATEHOUSE_SPEC_URL: databaseUrl,
    GATEHOUSE_SPEC_SOCKET: sockets = '',
    JEST_WORKER_ID: worker = '1',
  } = process.env
  const hosts = sockets.split(',').filter(Boolean)
  const host = hosts[Number(worker) % hosts.length]
  const options = { dataDir: '', poolSize: POOL, log }
  if (databaseUrl) return connect({ ...options, databaseUrl })
  if (host) return connectToEngine({ host, port: 5432 }, options)
  throw new Error('the global setup of the specs has not run')
}

/** An empty temporary folder. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-spec-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A data directory whose embedded database is made but empty, or migrated too: quicker than a first start. */
export function preparedDataDir(state: 'empty' | 'migrated' = 'empty'): { path: string; remove(): void } {
  const folder = temporaryFolder()
  const template = process.env[state === 'empty' ? 'GATEHOUSE_SPEC_TEMPLATE' : 'GATEHOUSE_SPEC_MIGRATED']
  if (!template) throw new Error('the global setup of the specs has not run')
  cpSync(template, folder.path, { recursive: true })
  return folder
}

const on = (url: string, database: string): string => Object.assign(new URL(url), { pathname: database }).href

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

interface OwnDatabase {
  readonly url: string
  /** Drops it, whoever is on it. */
  drop(): Promise<void>
}

/** Makes an empty database on a PostgreSQL server; `template` is the database that it is a copy of. */
export async function createDatabase(url: string, template = 'template1'): Promise<OwnDatabase> {
  const name = `spec_${randomBytes(6).toString('hex')}`
  await execute(url, `create database ${name} template ${template}`)
  return { url: on(url, name), drop: () => execute(url, `drop database if exists ${name} with (force)`) }
}

/** Makes a migrated database on a server of `realPostgres`. */
export async function createMigratedDatabase(url: string): Promise<OwnDatabase> {
  if (process.env.GATEHOUSE_SPEC_POSTGRES) return createDatabase(url, 'gatehouse_migrated')
  const made = await createDatabase(url)
  const db = await connect({ databaseUrl: made.url, dataDir: '', poolSize: 1, log })
  await migrate(db).finally(() => db.close())
  return made
}

/** An empty database of the run's engine for one spec, which may do with it what it likes. `close` removes it.
 *  It is not migrated. */
export async function freshDatabase(): Promise<Database> {
  const shared = process.env.GATEHOUSE_SPEC_URL
  if (shared) {
    const { url, drop } = await createDatabase(shared)
    const db = await connect({ databaseUrl: url, dataDir: '', poolSize: POOL, log })
    return { ...db, close: () => db.close().then(drop) }
  }
  const folder = preparedDataDir()
  const db = await connect({ dataDir: folder.path, poolSize: 1, log })
  return { ...db, close: () => db.close().then(folder.remove) }
}

/** A real PostgreSQL server whatever engine the run uses: the run's own, or one that is started now, in runs of few files.
 *  Others are on it: make databases of your own. */
export async function realPostgres(): Promise<Pick<Postgres, 'url' | 'stop'>> {
  const shared = process.env.GATEHOUSE_SPEC_POSTGRES
  if (!shared) return startPostgres()
  return { url: (database = 'postgres') => on(shared, database), stop: async () => undefined }
}
