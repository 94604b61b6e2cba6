import { execFileSync } from 'node:child_process'
import { openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CORES, freePort, ownsPort, startNode, stop } from './processes.js'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MAIN = join(ROOT, 'dist/main.js')
// Every contender gets the same master key and writes its log lines to the same place.
const SECRET_KEY = 'bench-bench-bench-bench-bench-bench-bench-bench'
export const LOG_FILE = '/dev/null'

/** What the service's own processes are given; `databaseUrl` or `dataDir` says which engine. */
export const serviceEnv = ({ port = 0, databaseUrl, dataDir, alg = 'ES256', workers, env = {} }) => ({
  NODE_ENV: 'production',
  PORT: String(port),
  HOST: '127.0.0.1',
  ISSUER: 'http://localhost:3000',
  API_URL: 'http://localhost:3000/api',
  TOKEN_ALG: alg,
  RATE_LIMITS: 'off',
  SECRET_KEY,
  ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
  ...(dataDir ? { DATA_DIR: dataDir } : {}),
  ...(workers ? { WORKERS: String(workers) } : {}),
  ...env,
})

/** Migrates a database and makes the demo in it; answers its credentials. */
export function makeDemo(databaseUrl) {
  const env = { PATH: process.env.PATH, ...serviceEnv({ databaseUrl }) }
  return JSON.parse(execFileSync(process.execPath, [MAIN, 'demo', '--json'], { env, maxBuffer: 1 << 24 }).toString())
}

async function answers(port, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`)
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((later) => setTimeout(later, 10))
  }
}

/** Starts the built service. `cores` undefined: on all. Answers once /health does. */
export async function startService(options) {
  const port = options.port ?? (await freePort())
  const log = openSync(LOG_FILE, 'a')
  const args = [...(options.nodeArgs ?? []), options.root ? join(options.root, 'dist/main.js') : MAIN, 'serve']
  const startedAt = performance.now()
  const env = serviceEnv({ ...options, port })
  const child = startNode(args, {
    cores: 'cores' in options ? options.cores : CORES.server,
    env,
    stdio: ['ignore', log, 'inherit'],
  })
  await answers(port, child)
  const startMs = performance.now() - startedAt
  if (!ownsPort(child.pid, port)) throw new Error(`port ${port} is somebody else's`)
  return { port, pid: child.pid, startMs, stop: () => stop(child) }
}

/** An access token of a running service. */
export async function tokenOf(port, { client_id, client_secret, scope }) {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id,
    client_secret,
    ...(scope ? { scope } : {}),
  })
  const answer = await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', body })
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`)
  return (await answer.json()).access_token
}
