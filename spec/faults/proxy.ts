import { once } from 'node:events'
import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy before several instances, as docs/operations/deploy.md asks for one: it leaves out who is not ready, tries
 *  another where a connection is refused, and repeats what may be repeated where one breaks. */
export interface RetryingProxy {
  readonly url: string
  stop(): Promise<void>
}

const READY_EVERY_MS = 100
const TRIES = 40
const PAUSE_MS = 50
const REPEATABLE = new Set(['GET', 'HEAD'])

/** Starts one. `upstreams` are asked for each request, so that instances may come and go. */
export async function startRetryingProxy(upstreams: () => readonly string[]): Promise<RetryingProxy> {
  const ready = new Set<string>()
  let turn = 0
  let stopped = false
  const look = async (): Promise<void> => {
    for (const url of upstreams()) {
      const isReady = await fetch(`${url}/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
      if (isReady) ready.add(url)
      else ready.delete(url)
    }
    if (!stopped) timer = setTimeout(() => void look(), READY_EVERY_MS)
  }
  let timer: NodeJS.Timeout | undefined
  await look()

  function pass(from: IncomingMessage, to: ServerResponse, body: Buffer, tries = 1): void {
    const open = upstreams().filter((url) => ready.has(url))
    turn += 1
    const again = (): void => void setTimeout(() => pass(from, to, body, tries + 1), PAUSE_MS)
    const upstream = open[turn % Math.max(1, open.length)]
    const give = (): void => void to.writeHead(502).end()
    if (upstream === undefined) {
      if (tries < TRIES) again()
      else give()
      return
    }
    const { method = 'GET', headers } = from
    const asked: ClientRequest = request(`${upstream}${from.url}`, { method, headers, agent: false }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(to)
    })
    asked.on('error', (error: NodeJS.ErrnoException) => {
      const harmless = error.code === 'ECONNREFUSED' || REPEATABLE.has(method)
      if (!to.headersSent && harmless && tries < TRIES) again()
      else give()
    })
    asked.end(body)
  }

  const server = createServer((from, to) => {
    const chunks: Buffer[] = []
    from.on('data', (chunk: Buffer) => void chunks.push(chunk))
    from.on('end', () => pass(from, to, Buffer.concat(chunks)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      stopped = true
      clearTimeout(timer)
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
