import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import pg from 'pg'
import type { Postgres } from './postgres.js'

// jest loads its global setup as CommonJS without the name mapping that the specs have.
const { startPostgres } = createRequire(import.meta.url)('./postgres.ts') as typeof import('./postgres.js')

/** The database server of one jest run. */
export interface Engine {
  stop(): Promise<void>
}

const SCRIPT = join(process.cwd(), 'spec/support/engine-process.mjs')

function task(what: string, where: string): ChildProcess {
  const quiet = ['ignore', 'inherit', 'inherit', 'ipc'] as ['ignore', 'inherit', 'inherit', 'ipc']
  return fork(SCRIPT, [what, where], { execArgv: ['--no-warnings'], stdio: quiet })
}

function done(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${child.spawnargs.join(' ')}: ${code}`))))
  })
}

const DAY_MS = 86_400_000

/** Makes a directory in the cache under a name, if there is none, and answers where it is. */
async function kept(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const cache = join(process.cwd(), 'node_modules/.cache/gatehouse')
  const path = join(cache, name)
  if (existsSync(path)) return path
  mkdirSync(cache, { recursive: true })
  // What other migrations left behind; a run that began with it is over by now.
  for (const other of readdirSync(cache)) {
    const there = join(cache, other)
    if (statSync(there).mtimeMs < Date.now() - DAY_MS) rmSync(there, { recursive: true, force: true })
  }
  const temporary = join(cache, `making-${randomBytes(6).toString('hex')}`)
  await make(temporary)
  try {
    renameSync(temporary, path)
  } catch (error) {
    // Another run was quicker.
    rmSync(temporary, { recursive: true, force: true })
    if (!existsSync(path)) throw error
  }
  return path
}

/** Database directories to copy (0.3 s) where making one takes several seconds; kept between runs. */
async function templates(): Promise<{ empty: string; migrated: string }> {
  const root = process.cwd()
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8'))
  const empty = await kept(`empty-${version}`, (path) => done(task('template', path)))
  return { empty, migrated: join(root, 'dist/embedded-database') }
}

async function startEmbeddedEngine(data: string, from: string): Promise<Engine & { host: string }> {
  cpSync(from, data, { recursive: true })
  const child = task('serve', data)
  const exited = done(child)
  exited.catch(() => undefined)
  const started = new Promise<{ host: string }>((resolve) =>
    child.once('message', resolve as (message: unknown) => void),
  )
  const first = await Promise.race([started, exited])
  if (!first) throw new Error('the embedded engine of the specs ended at its start')
  return {
    host: first.host,
    stop: async () => {
      child.send('close')
      await exited
    },
  }
}

/** One engine a worker: an engine does one thing at a time, and two workers would wait for each other. */
async function startEmbeddedEngines(folder: string, options: { from: string; count: number }): Promise<Engine> {
  const { from, count } = options
  const folders = Array.from({ length: count }, (_, index) => join(folder, `data-${index}`))
  const engines = await Promise.all(folders.map((data) => startEmbeddedEngine(data, from)))
  process.env.GATEHOUSE_SPEC_SOCKET = engines.map(({ host }) => host).join(',')
  return {
    stop: async () => {
      await Promise.all(engines.map((engine) => engine.stop()))
    },
  }
}

/** A PostgreSQL server with a migrated database that specs copy (0.1 s) instead of migrating their own. */
async function startMigratedPostgres(): Promise<Postgres> {
  const server = await startPostgres()
  try {
    const admin = new pg.Client({ connectionString: server.url() })
    await admin.connect()
    await admin.query('create database gatehouse_migrated')
    await done(task('migrate', server.url('gatehouse_migrated')))
    await admin.query('create database gatehouse_spec template gatehouse_migrated')
    await admin.end()
  } catch (error) {
    await server.stop()
    throw error
  }
  process.env.GATEHOUSE_SPEC_POSTGRES = server.url('gatehouse_migrated')
  return server
}

interface EngineOptions {
  readonly folder: string
  /** How many embedded engines. */
  readonly count: number
  /** Whether all specs run: many of them want a real PostgreSQL too. */
  readonly whole: boolean
}

/** Starts what SPEC_ENGINE names (`embedded` by default, or `postgresql`), migrated, and tells the workers by environment. */
export async function startEngine({ folder, count, whole }: EngineOptions): Promise<Engine> {
  const wanted = process.env.SPEC_ENGINE || 'embedded'
  if (wanted !== 'embedded' && wanted !== 'postgresql') throw new Error('SPEC_ENGINE must be embedded or postgresql')
  const { empty, migrated } = await templates()
  process.env.GATEHOUSE_SPEC_TEMPLATE = empty
  process.env.GATEHOUSE_SPEC_MIGRATED = migrated
  const engines: Engine[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(engines.map((engine) => engine.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    if (wanted === 'postgresql' || whole) {
      const server = await startMigratedPostgres()
      engines.push(server)
      if (wanted === 'postgresql') process.env.GATEHOUSE_SPEC_URL = server.url('gatehouse_spec')
    }
    if (wanted === 'embedded') engines.push(await startEmbeddedEngines(folder, { from: migrated, count }))
  } catch (error) {
    await stop()
    throw error
  }
  return { stop }
}
