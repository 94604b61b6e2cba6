import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anOwner, call } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'

/** A collector that keeps what it is sent. */
let collector: Server
const sent: string[] = []
let service: Service

beforeAll(async () => {
  collector = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk) => {
      body += chunk
    })
    req.on('end', () => {
      if (req.url === '/v1/traces') sent.push(body)
      res.setHeader('Content-Type', 'application/json').end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  const { port } = collector.address() as AddressInfo
  service = await startService({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/` } })
})
afterAll(async () => {
  collector.close()
  collector.closeAllConnections()
})

const attribute = (span: Span | undefined, name: string) => {
  const { stringValue, intValue } = span?.attributes.find(({ key }) => key === name)?.value ?? {}
  return stringValue ?? intValue
}

test('a request is a span below the caller, its transactions are spans below it, and nothing in them is private', async () => {
  const owner = await anOwner(service)
  const path = `/api/organizations/${owner.organizationId}?fields[organizations]=name`
  const headers = { authorization: `Bearer ${owner.token}`, traceparent: `00-${TRACE}-${CALLER}-01` }
  expect((await call(service, path, { headers })).status).toBe(200)
  await new Promise((later) => setTimeout(later, 50))
  expect(service.logs.some((line) => line.trace_id === TRACE && line.msg === 'request')).toBe(true)
  await service.stop()
  const spans: Span[] = sent.flatMap((body) =>
    JSON.parse(body).resourceSpans.flatMap((one: { scopeSpans: { spans: Span[] }[] }) =>
      one.scopeSpans.flatMap((scope) => scope.spans),
    ),
  )
  const request = spans.find(({ name, traceId }) => name === 'GET /api/organizations/:id' && traceId === TRACE)
  expect(request?.parentSpanId).toBe(CALLER)
  expect(attribute(request, 'http.route')).toBe('/api/organizations/:id')
  expect(attribute(request, 'http.response.status_code')).toBe(200)
  const below = spans.filter(({ name, parentSpanId }) => name === 'transaction' && parentSpanId === request?.spanId)
  expect(below.length).toBeGreaterThanOrEqual(1)
  expect(spans.some(({ name }) => name === 'POST /oauth/token')).toBe(true)
  const all = sent.join('')
  for (const what of ['"stringValue":"gatehouse"', 'service.version', 'telemetry.sdk.language'])
    expect(all).toContain(what)
  for (const secret of [owner.token, owner.clientSecret, owner.clientId, owner.email, owner.organizationId]) {
    expect(all).not.toContain(secret)
  }
})

test('a collector that is away stops nothing', async () => {
  const alone = await startService({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' } })
  expect((await call(alone, '/health')).status).toBe(200)
  await alone.stop()
})
