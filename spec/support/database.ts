import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { connect, connectToEngine, type Database } from '../../src/db/connect.js'
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

/** A data directory whose embedded database is made but empty: quicker than a first start. */
export function preparedDataDir(): { path: string; remove(): void } {
  const folder = temporaryFolder()
  const template = process.env.GATEHOUSE_SPEC_TEMPLATE
  if (!template) throw new Error('the global setup of the specs has not run')
  cpSync(template, folder.path, { recursive: true })
  return folder
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

/** Makes an empty database on a PostgreSQL server.  @returns its URL and a function that drops it, whoever is on it. */
export async function createDatabase(url: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `spec_${randomBytes(6).toString('hex')}`
  await execute(url, `create database ${name}`)
  const made = new URL(url)
  made.pathname = `/${name}`
  return { url: made.href, drop: () => execute(url, `drop database if exists ${name} with (force)`) }
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

/** A real PostgreSQL server whatever engine the run uses: the run's own, or one that is started now. */
export async function realPostgres(): Promise<Pick<Postgres, 'url' | 'stop'>> {
  const shared = process.env.GATEHOUSE_SPEC_URL
  if (!shared) return startPostgres()
  const url = (database?: string): string => Object.assign(new URL(shared), database ? { pathname: database } : {}).href
  return { url, stop: async () => undefined }
}
