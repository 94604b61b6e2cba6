import { execFile, spawn } from 'node:child_process'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../processes.js'

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

/** Sends one request and reads the whole answer.  @returns {Promise<{status: number, text: string, milliseconds: number}>} */
export function send(port, { method = 'GET', path, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const call = request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
      const pieces = []
      answer.on('data', (piece) => pieces.push(piece))
      answer.on('end', () => {
        const milliseconds = performance.now() - startedAt
        resolve({ status: answer.statusCode, text: Buffer.concat(pieces).toString(), milliseconds })
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}

const environment = (databaseUrl, port) => ({
  PATH: process.env.PATH,
  DATABASE_URL: databaseUrl,
  SECRET_KEY: 'the master key of a benchmark, which is no secret at all',
  DOMAIN: 'gatehouse.test',
  HOST: '127.0.0.1',
  PORT: String(port),
  NODE_ENV: 'production',
  LOG_LEVEL: 'warn',
  BCRYPT_COST: '4',
  JOBS: 'off',
  RATE_LIMITS: 'off',
})

/** Runs a command of the compiled binary to its end.  @returns what it wrote */
export async function gatehouse(root, databaseUrl, args) {
  const env = environment(databaseUrl, 3000)
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'dist/main.js'), ...args], { env })
  return stdout
}

/** Founds an organization. */
export async function found(root, databaseUrl, name) {
  const owner = ['--owner-email', `${name.toLowerCase()}@example.com`, '--json']
  return JSON.parse(await gatehouse(root, databaseUrl, ['create-organization', '--name', name, ...owner]))
}

async function answering(port, child) {
  for (const until = performance.now() + 30_000; ; ) {
    if (child.exitCode !== null || performance.now() > until) throw new Error('the service did not start')
    const answer = await send(port, { path: '/health' }).catch(() => undefined)
    if (answer?.status === 200) return
    await new Promise((later) => setTimeout(later, 100))
  }
}

/** Starts the compiled service on a migrated database. */
export async function startService(root, databaseUrl) {
  const port = await freePort()
  const env = environment(databaseUrl, port)
  const child = spawn(process.execPath, [join(root, 'dist/main.js'), 'serve'], {
    env,
    // What it warns of is no part of the answer on stdout.
    stdio: ['ignore', process.stderr.fd, 'inherit'],
  })
  const gone = new Promise((done) => child.once('exit', done))
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const stop = async () => {
    process.removeListener('exit', end)
    agent.destroy()
    child.kill('SIGTERM')
    await gone
  }
  try {
    await answering(port, child)
    return { port, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What asks for a token of a credential. */
export function tokenRequest({ client_id, client_secret }) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }).toString()
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) }
  return { method: 'POST', path: '/oauth/token', headers, body }
}

/** A token of a personal credential. */
export async function tokenFor(port, credential) {
  const { status, text } = await send(port, tokenRequest(credential))
  if (status !== 200) throw new Error(`no token: ${status} ${text}`)
  return JSON.parse(text).access_token
}
