import type { Socket } from 'node:net'
import type { PGlite } from '@electric-sql/pglite'

const STARTUP = 196608
const CANCEL_REQUEST = 80877102
const SSL_REQUEST = 80877103
const GSS_REQUEST = 80877104
const LARGEST_MESSAGE = 256 * 1024 * 1024

const ENDS_BATCH = new Set(['Q', 'S', 'H', 'F', 'c', 'f'].map((letter) => letter.charCodeAt(0)))
const FLUSH = 'H'.charCodeAt(0)
const TERMINATE = 'X'.charCodeAt(0)
const SYNC_MESSAGE = Uint8Array.of('S'.charCodeAt(0), 0, 0, 0, 4)

interface Session {
  readonly socket: Socket
  buffer: Buffer
  started: boolean
  /** How much of the buffer is complete messages that wait for the end of their batch. */
  scanned: number
}

interface Batch {
  readonly session: Session
  readonly bytes: Buffer
  readonly synced: boolean
}

/** Runs batches one at a time; while a connection is inside a transaction, only that connection's. */
function createScheduler(db: PGlite) {
  const queue: Batch[] = []
  let owner: Session | undefined
  let running: Promise<void> | undefined

  /** Ends what a connection that has gone left open. */
  async function abandon(): Promise<void> {
    await exec(db, SYNC_MESSAGE, () => undefined)
    if (db.isInTransaction()) await db.exec('rollback')
    owner = undefined
  }

  async function run({ session, bytes, synced }: Batch): Promise<void> {
    const answer: Buffer[] = []
    // The engine hands out a view of its own memory, hence the copy.
    await exec(db, bytes, (data) => answer.push(Buffer.from(data)))
    owner = db.isInTransaction() || !synced ? session : undefined
    if (session.socket.writable && answer.length > 0) session.socket.write(Buffer.concat(answer))
    if (owner?.socket.destroyed) await abandon()
  }

  async function drain(): Promise<void> {
    if (owner?.socket.destroyed) await abandon()
    for (;;) {
      const next = queue.findIndex((batch) => owner === undefined || batch.session === owner)
      const [batch] = next < 0 ? [] : queue.splice(next, 1)
      if (!batch) return
      if (batch.session.socket.destroyed) continue
      await run(batch).catch((error) => batch.session.socket.destroy(error))
    }
  }

  function pump(batches: Iterable<Batch> = []): void {
    queue.push(...batches)
    running ??= drain().finally(() => {
      running = undefined
    })
  }
  return { pump, settled: async (): Promise<void> => running }
}

/** Serves the PostgreSQL protocol of many connections on the one session that the embedded engine has.
 *  Messages go to the engine in whole batches (up to Sync or a simple query), so that one connection's Parse never meets
 *  another's Bind; a connection that opened a transaction owns the engine until the transaction ends; a connection that
 *  goes away inside one is rolled back. Named prepared statements, session settings, LISTEN and cancel requests are not
 *  kept apart: use transaction-local settings only.
 *  Source: PostgreSQL documentation, "Message Flow" and "Message Formats". */
export function createWire(db: PGlite): { accept(socket: Socket): void; settled(): Promise<void> } {
  const { pump, settled } = createScheduler(db)
  const accept = (socket: Socket): void => {
    const session: Session = { socket, buffer: Buffer.alloc(0), started: false, scanned: 0 }
    socket.on('data', (data) => {
      session.buffer = session.buffer.length === 0 ? data : Buffer.concat([session.buffer, data])
      pump(takeBatches(session))
    })
    socket.on('error', () => socket.destroy())
    // What the engine does now may be this connection's last batch: look again when it is done.
    socket.on('close', () => void settled().then(() => pump()))
  }
  return { accept, settled }
}

function exec(db: PGlite, bytes: Uint8Array, onRawData: (data: Uint8Array) => void): Promise<void> {
  return db.runExclusive(() => db.execProtocolRawStream(bytes, { syncToFs: false, onRawData }))
}

/** Cuts the complete batches off the front of what has arrived. */
function* takeBatches(session: Session): Generator<Batch> {
  while (!session.started) {
    const packet = takeStartup(session)
    if (!packet) return
    if (session.started) yield { session, bytes: packet, synced: true }
  }
  for (;;) {
    const { buffer, scanned } = session
    if (buffer.length < scanned + 5) return
    const type = buffer[scanned]
    const end = scanned + 1 + buffer.readUInt32BE(scanned + 1)
    if (type === TERMINATE) return void session.socket.end()
    if (end - scanned > LARGEST_MESSAGE) return void session.socket.destroy()
    if (buffer.length < end) return
    session.scanned = end
    if (type === undefined || !ENDS_BATCH.has(type)) continue
    session.buffer = buffer.subarray(end)
    session.scanned = 0
    yield { session, bytes: buffer.subarray(0, end), synced: type !== FLUSH }
  }
}

/** The untyped packets before the session: encryption is declined (the socket is a private file), cancel is not offered. */
function takeStartup(session: Session): Buffer | undefined {
  const { buffer, socket } = session
  if (buffer.length < 8) return undefined
  const length = buffer.readUInt32BE(0)
  const code = buffer.readUInt32BE(4)
  if (length < 8 || length > 10_000 || ![STARTUP, SSL_REQUEST, GSS_REQUEST].includes(code)) {
    if (code !== CANCEL_REQUEST) socket.destroy()
    else socket.end()
    return undefined
  }
  if (buffer.length < length) return undefined
  session.buffer = buffer.subarray(length)
  if (code === STARTUP) session.started = true
  else socket.write('N')
  return buffer.subarray(0, length)
}
