import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { type LockHolder, processStart, releaseLock, takeLock } from './data-dir-lock.js'
import { createWire } from './embedded-wire.js'
import { copyTemplate } from './template.js'

// The child process of embedded.ts: node embedded-server.js DATA_DIR SOCKET_DIR (copy|make). It acts when it is started, ends when
// its parent tells it to or is gone, and answers {ready: true} or {error} over IPC.

const [dataDir = '', socketDir = '', origin = 'copy'] = process.argv.slice(2)
const files = {
  database: join(dataDir, 'database'),
  // Stands beside the database while it is being made for the first time: what is found with it is a torso.
  unfinished: join(dataDir, 'database.unfinished'),
  lock: join(dataDir, 'database.lock'),
  socket: join(socketDir, '.s.PGSQL.5432'),
}
const CLOSE_MS = 8_000
const EIO = 29

/** The engine's file system with a real fsync (its own is empty), so that a commit is on the disk when it is answered. */
class DurableNodeFs extends NodeFS {
  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const result = await super.init(...args)
    result.emscriptenOpts.preRun?.push((mod: unknown) => {
      const { FS } = mod as { FS: { filesystems: { NODEFS: { stream_ops: Record<string, unknown> } } } }
      FS.filesystems.NODEFS.stream_ops.fsync = ({ nfd }: { nfd?: number }) => {
        try {
          if (nfd !== undefined) fsyncSync(nfd)
          return 0
        } catch {
          return EIO
        }
      }
    })
    return result
  }
}

function fsyncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The first start writes about a thousand files without fsync; they must be on the disk before anything relies on them. */
function fsyncTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name)
    if (entry.isDirectory()) fsyncTree(child)
    else if (entry.isFile()) fsyncPath(child)
  }
  fsyncPath(path)
}

/** Bytes that a function of the engine runs before V8 compiles it a second time, and better: its own 1.8 million are reached
 *  by the start alone, which then takes a third longer. What is asked often gets there all the same. */
const TIERING_BUDGET = 30_000_000

/** "-F" turns fsync off; of the sync methods the engine's system layer passes on only "fsync". Its own 128 MB of buffers are
 *  taken at the start and never given back. */
const SETTINGS = ['-c', 'wal_sync_method=fsync', '-c', 'shared_buffers=32MB']

async function openDatabase(): Promise<PGlite> {
  if (existsSync(files.unfinished)) rmSync(files.database, { recursive: true, force: true })
  const first = !existsSync(files.database)
  if (first) {
    writeFileSync(files.unfinished, '', { mode: 0o600 })
    if (origin !== 'copy' || !copyTemplate(files.database)) mkdirSync(files.database, { mode: 0o700 })
    chmodSync(files.database, 0o700)
  }
  // A V8 that does not know it says so, and goes on as ever.
  setFlagsFromString(`--wasm-tiering-budget=${TIERING_BUDGET}`)
  const db = new PGlite({
    fs: new DurableNodeFs(files.database),
    startParams: [...PGlite.defaultStartParams.filter((param) => param !== '-F'), ...SETTINGS],
  })
  await db.waitReady
  if (first) {
    await db.exec('checkpoint')
    fsyncTree(files.database)
    rmSync(files.unfinished)
    fsyncPath(dataDir)
  }
  return db
}

/** The path may come from a lock file: nothing is removed but what embedded.ts makes. */
function clearSocketDir(dir: string): void {
  if (dirname(dir) !== tmpdir() || !basename(dir).startsWith('gatehouse-')) return
  rmSync(dir, { recursive: true, force: true })
}

async function serve(me: LockHolder): Promise<() => Promise<void>> {
  const stale = await takeLock(files.lock, me)
  if (stale && stale.socketDir !== socketDir) clearSocketDir(stale.socketDir)
  const db = await openDatabase()
  const wire = createWire(db)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    wire.accept(socket)
  })
  rmSync(files.socket, { force: true })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(files.socket, resolve))
  return async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
    await wire.settled()
    await db.close()
  }
}

async function main(): Promise<void> {
  const me: LockHolder = {
    pid: process.pid,
    started: processStart(process.pid) ?? null,
    parentPid: process.ppid,
    parentStarted: processStart(process.ppid) ?? null,
    socketDir,
  }
  // The parent decides when to end: a Ctrl-C reaches both, and the parent still has requests to finish.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  let stop: (() => Promise<void>) | undefined
  let ending = false
  const end = async (): Promise<void> => {
    if (ending) return
    ending = true
    setTimeout(() => process.exit(1), CLOSE_MS).unref()
    await stop?.()
    releaseLock(files.lock, me)
    clearSocketDir(socketDir)
    process.exit(0)
  }
  process.on('message', (message) => message === 'close' && void end())
  process.on('disconnect', () => void end())
  try {
    stop = await serve(me)
  } catch (error) {
    releaseLock(files.lock, me)
    process.send?.({ error: error instanceof Error ? error.message : String(error) }, () => process.exit(1))
    return
  }
  if (process.connected) process.send?.({ ready: true })
  else await end()
}

await main()
