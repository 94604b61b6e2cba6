import { Agent, fetch as undiciFetch } from 'undici'
import { checkAnswer } from './openapi.js'
import { type Service, startService } from './service.js'
import { startTlsProxy } from './tls-proxy.js'

const DOMAIN = 'gatehouse.test'

/** A service as its users meet it: under https, by the names auth.…, provisioning.… and {slug}.… of a domain. */
export interface TlsService {
  readonly service: Service
  /** What the official clients call `domain`: with the port. */
  readonly domain: string
  readonly issuer: string
  /** A fetch that finds the domain on this machine, trusts its certificate, and knows no other host at all. Every answer
   *  is checked against openapi.yaml. */
  readonly fetch: typeof fetch
  /** Each request that went out, e.g. `POST https://auth.gatehouse.test:4711/oauth/token`. */
  readonly asked: string[]
  stop(): Promise<void>
}

type Found = (error: Error | null, addresses: { address: string; family: number }[]) => void

function agentFor(ca: string): Agent {
  const lookup = (host: string, _options: unknown, found: Found): void => {
    if (host === DOMAIN || host.endsWith(`.${DOMAIN}`)) found(null, [{ address: '127.0.0.1', family: 4 }])
    else found(new Error(`the spec must not reach ${host}`), [])
  }
  return new Agent({ connect: { ca, lookup: lookup as never } })
}

/** Starts a service behind TLS and puts its `fetch` in the place of the global one, for clients that take no other. */
export async function startTlsService(): Promise<TlsService> {
  const proxy = await startTlsProxy(DOMAIN)
  const domain = `${DOMAIN}:${proxy.port}`
  const service = await startService({ env: { DOMAIN: domain } })
  proxy.forwardTo(service.url)
  const agent = agentFor(proxy.ca)
  const asked: string[] = []
  const original = globalThis.fetch

  const reach = (async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = String(input instanceof Request ? input.url : input)
    const method = init.method ?? 'GET'
    asked.push(`${method} ${url}`)
    const answer = await undiciFetch(url, { ...init, dispatcher: agent } as never)
    const text = await answer.clone().text()
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    checkAnswer({
      method,
      url,
      status: answer.status,
      body: text === '' ? undefined : isJson ? JSON.parse(text) : text,
    })
    return answer
  }) as unknown as typeof fetch

  globalThis.fetch = reach
  return {
    service,
    domain,
    issuer: `https://auth.${domain}`,
    fetch: reach,
    asked,
    async stop() {
      globalThis.fetch = original
      await agent.close()
      await proxy.stop()
      await service.stop()
    },
  }
}
