import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import selfsigned from 'selfsigned'

/** A TLS server with a wildcard certificate of its own making, in front of a service that speaks plain HTTP. */
export interface TlsProxy {
  readonly port: number
  /** PEM of the certificate, which is its own authority. */
  readonly ca: string
  /** Where the requests go; they are refused before this is called. */
  forwardTo(url: string): void
  stop(): Promise<void>
}

async function certificateFor(domain: string): Promise<{ private: string; cert: string }> {
  const altNames = [domain, `*.${domain}`].map((value) => ({ type: 2 as const, value }))
  return selfsigned.generate([{ name: 'commonName', value: domain }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames },
    ],
  })
}

/** Starts the proxy on a free port of 127.0.0.1, for a domain and all names one level below it. */
export async function startTlsProxy(domain: string): Promise<TlsProxy> {
  const { private: key, cert } = await certificateFor(domain)
  let target: string | undefined
  const server = createServer({ key, cert }, (req, res) => {
    if (target === undefined) {
      res.writeHead(502).end()
      return
    }
    const { method = 'GET', url = '/', headers } = req
    const passed = request(`${target}${url}`, { method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    passed.on('error', () => res.destroy())
    req.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    ca: cert,
    forwardTo: (url) => {
      target = url
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
