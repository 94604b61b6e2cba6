import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http'
import express, { type Express } from 'express'

/** Whoever sends slower than this is cut, so that slowness holds no one else's connection (ATTACKS H1). In milliseconds. */
export const LIMITS_MS = {
  headersTimeout: 10_000,
  requestTimeout: 25_000,
  keepAliveTimeout: 20_000,
  // How often the first two are looked at; Node's own 30 s would triple them.
  connectionsCheckingInterval: 2000,
  // A connection on which nothing moves: a reader that does not read, for instance.
  silence: 30_000,
}

/** An express application without what we do not want, before any route. Query strings are parsed by those who define
 *  them; one spelling of a path leads to a route (ATTACKS H5). */
export function createExpress(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.enable('case sensitive routing')
  app.enable('strict routing')
  return app
}

/** Makes the server for an application, with classes for request and response whose prototypes are the application's.
 *  Express otherwise changes the prototype of both objects on every request, which costs four fifths of its time.
 *  Source: PERFORMANCE 2.3. */
export function createHttpServer(app: Express, limits = LIMITS_MS): Server {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse<Request> {}
  Object.setPrototypeOf(Request.prototype, app.request)
  Object.setPrototypeOf(Response.prototype, app.response)
  app.request = Request.prototype as unknown as Express['request']
  app.response = Response.prototype as unknown as Express['response']
  const classes = { IncomingMessage: Request, ServerResponse: Response }
  const { silence, ...others } = limits
  const server = createServer({ ...classes, ...others }, app)
  server.timeout = silence
  return server
}

/** Listens and answers the port that it got. Errors: EADDRINUSE and the like, with a text for the operator. */
export function listen(server: Server, { port, host }: { port: number; host: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `Port ${port} is in use. Stop what runs there, or set PORT to another one.`,
        EACCES: `Port ${port} may not be used by this user. Set PORT to one above 1023.`,
        EADDRNOTAVAIL: `This machine has no address ${host}. Set HOST to one it has.`,
      }
      reject(new Error(reasons[cause.code ?? ''] ?? `Cannot listen on ${host} port ${port}.`, { cause }))
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

interface Stopping {
  readonly graceMs: number
  readonly lastCallMs?: number
}

/** Stops gently: a last call, then no new connection; running requests finish for up to `graceMs`, then the rest is cut.
 *  During the last call requests are still taken: what has arrived in a socket and was not read yet would otherwise be cut,
 *  because Node closes connections on which it has seen no request. Proxies see `/ready` meanwhile. */
export async function drain(server: Server, { graceMs, lastCallMs = 0 }: Stopping): Promise<void> {
  if (!server.listening) return
  const cut = setTimeout(() => server.closeAllConnections(), graceMs)
  server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'))
  if (lastCallMs > 0) await new Promise((resolve) => setTimeout(resolve, lastCallMs))
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection kept alive would hold the server open although nobody waits for an answer on it.
  const sweep = setInterval(() => server.closeIdleConnections(), 100)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}
