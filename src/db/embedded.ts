import { type ChildProcess, fork } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A running embedded engine. `host` is the folder of its unix socket, in the form that PostgreSQL clients take. */
export interface EmbeddedEngine {
  readonly host: string
  readonly port: number
  /** The engine's process; changes when it had to be started again. */
  pid(): number | undefined
  /** Closes the database and ends the process. */
  close(): Promise<void>
}

interface EmbeddedOptions {
  readonly dataDir: string
  readonly log: (message: string) => void
  /** Whether a new database is a copy of that of the build, which is migrated. Default true. */
  readonly fromTemplate?: boolean
}

/** Whether the embedded engine has yet to make its database in this directory. */
export const isNewDirectory = (dataDir: string): boolean => !existsSync(join(dataDir, 'database'))

const CLOSE_MS = 10_000
const RESTART_MS = 200

/** The compiled entry of the child: beside this file in dist/, and in dist/ when this file runs from its source. */
function serverEntry(): string {
  const places = ['./embedded-server.js', '../../dist/db/embedded-server.js']
  const found = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path))
  if (!found) throw new Error('The embedded database is not compiled: run `npm run build` first.')
  return found
}

/** Starts the child and waits until it serves. Throws an Error that names the data directory. */
async function launch(dataDir: string, parameters: readonly string[]): Promise<ChildProcess> {
  // An empty environment: the engine needs no secret of ours. No execArgv: a debugger port would clash.
  const child = fork(serverEntry(), [dataDir, ...parameters], {
    env: { TMPDIR: tmpdir() },
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaint = ''
  child.stderr?.on('data', (text) => {
    complaint = (complaint + text).slice(-2_000)
  })
  const failure = await new Promise<string | undefined>((settle) => {
    child.once('message', (message: { error?: string }) => settle(message.error))
    child.once('error', (error) => settle(error.message))
    child.once('exit', (code, signal) => settle(`its process ended (${signal ?? code}) ${complaint}`.trim()))
  })
  if (failure === undefined) return child
  child.kill('SIGKILL')
  throw new Error(`The embedded database in ${dataDir} cannot be opened: ${failure}`)
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((done) => child.once('exit', () => done()))
}

/** Starts the embedded PostgreSQL-compatible engine on a data directory, in a process of its own, reachable through a
 *  unix socket that only this user can open. An engine that dies is started again on the same socket.
 *  Commits are fsynced. For evaluation and development: one process, one session.
 *  Throws an Error that names the directory and, where another process uses it, that process. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedEngine> {
  const { log, fromTemplate = true } = options
  const dataDir = resolve(options.dataDir)
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  // Socket paths are limited to about 107 bytes, so not inside the data directory. mkdtemp makes it 0700.
  const socketDir = mkdtempSync(join(tmpdir(), 'gatehouse-'))
  chmodSync(socketDir, 0o700)
  let closing = false
  let child: ChildProcess

  const start = async (): Promise<void> => {
    child = await launch(dataDir, [socketDir, fromTemplate ? 'copy' : 'make'])
    child.once('exit', (code, signal) => {
      if (closing) return
      log(`the embedded database ended unexpectedly (${signal ?? code}); starting it again`)
      setTimeout(() => {
        if (!closing) start().catch((error: Error) => log(error.message))
      }, RESTART_MS)
    })
  }
  const close = async (): Promise<void> => {
    closing = true
    if (child.connected) child.send('close')
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS)
    await ended(child)
    clearTimeout(timer)
    rmSync(socketDir, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    rmSync(socketDir, { recursive: true, force: true })
    throw error
  }
  return { host: socketDir, port: 5432, pid: () => child.pid, close }
}
