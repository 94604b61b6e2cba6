import { once } from 'node:events'
import { createServer } from 'node:net'

// Below those that systems give to connections that go out: else one of them may have taken it before it is listened on.
const FROM = 12_000
const TO = 32_000

const someNumber = (): number => FROM + Math.floor(Math.random() * (TO - FROM))

/** A port that nobody listens on just now: a service must know its own address before it starts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = someNumber()
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch {
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
}
