import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import pg from 'pg'

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

/** An empty database directory to copy (0.3 s) where making one takes several seconds; kept between runs. */
async function template(): Promise<string> {
  const root = process.cwd()
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8'))
  const cache = join(root, 'node_modules/.cache/gatehouse')
  const path = join(cache, `pglite-${version}`)
  if (existsSync(path)) return path
  const temporary = join(cache, `making-${randomBytes(6).toString('hex')}`)
  mkdirSync(cache, { recursive: true })
  await done(task('template', temporary))
  try {
    renameSync(temporary, path)
  } catch (error) {
    // Another run was quicker.
    rmSync(temporary, { recursive: true, force: true })
    if (!existsSync(path)) throw error
  }
  return path
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

async function startPostgresEngine(): Promise<Engine> {
  const server = await startPostgres()
  try {
    const admin = new pg.Client({ connectionString: server.url() })
    await admin.connect()
    await admin.query('create database gatehouse_spec')
    await admin.end()
    await done(task('migrate', server.url('gatehouse_spec')))
  } catch (error) {
    await server.stop()
    throw error
  }
  process.env.GATEHOUSE_SPEC_URL = server.url('gatehouse_spec')
  return server
}

/** Starts what SPEC_ENGINE names (`embedded` by default, or `postgresql`), migrated, and tells the workers by environment.
 *  @param count how many embedded engines */
export async function startEngine(folder: string, count: number): Promise<Engine> {
  const wanted = process.env.SPEC_ENGINE || 'embedded'
  if (wanted !== 'embedded' && wanted !== 'postgresql') throw new Error('SPEC_ENGINE must be embedded or postgresql')
  const from = await template()
  process.env.GATEHOUSE_SPEC_TEMPLATE = from
  const engine =
    wanted === 'postgresql' ? await startPostgresEngine() : await startEmbeddedEngines(folder, { from, count })
  return {
    stop: async () => {
      await engine.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
