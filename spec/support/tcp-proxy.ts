import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** A line to a server that can be made bad. */
export interface TcpProxy {
  readonly port: number
  /** Holds everything back, in both directions, on old and new connections, without closing any. */
  silence(): void
  /** Lets what is held back through, and all that follows. */
  resume(): void
  /** As `resume`, but for the connections there are: those stay silent for good, as behind a router that has forgotten them. */
  forget(): void
  /** Delays each piece in both directions together by so many milliseconds. */
  delay(ms: number): void
  /** Ends every connection at once. */
  cut(): void
  stop(): Promise<void>
}

interface Line {
  forgotten: boolean
}

/** Starts a proxy on a port of its own, as good as the line itself until told otherwise. */
export async function startTcpProxy(to: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const lines = new Set<Line>()
  let silent = false
  let held: (() => void)[] = []
  let delayMs = 0
  const deliver = (line: Line, work: () => void): void => {
    if (line.forgotten) return
    if (silent) held.push(work)
    else work()
  }
  const pipe = (line: Line, from: Socket, into: Socket): void => {
    // What is delayed is not overtaken by what comes after the delay has ended.
    let before = Promise.resolve()
    const pass = (work: () => void): void => {
      const due = delayMs > 0 ? pause(delayMs / 2) : undefined
      before = before.then(() => due).then(() => deliver(line, work))
    }
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (data) => pass(() => void (into.destroyed || into.write(data))))
    from.on('error', () => undefined)
    from.on('close', () => {
      sockets.delete(from)
      // A line that has gone silent tells nobody of an end either.
      if (!silent && !line.forgotten) into.destroy()
    })
  }
  const server = createServer((near) => {
    const line = { forgotten: false }
    lines.add(line)
    const far = connect(to)
    pipe(line, near, far)
    pipe(line, far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const release = (): void => {
    silent = false
    const late = held
    held = []
    for (const work of late) work()
  }
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    silence: () => {
      silent = true
    },
    resume: release,
    forget: () => {
      for (const line of lines) line.forgotten = true
      held = []
      silent = false
    },
    delay: (ms) => {
      delayMs = ms
    },
    cut,
    async stop() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
