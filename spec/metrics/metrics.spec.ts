import { randomInt } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createMetrics } from '../../src/metrics/metrics.js'
import { outboxState } from '../../src/outbox/queue.js'
import { anOwner, call, type Owner } from '../support/api.js'
import { invite } from '../support/invitations.js'
import { type Service, startService } from '../support/service.js'

const TOKEN = 'the-token-of-the-scraper'

let service: Service
let guarded: Service
let owner: Owner

beforeAll(async () => {
  service = await startService({ env: { RATE_LIMITS: 'on', RATE_LIMIT_TOKEN: '20/60', TRUSTED_PROXIES: 'loopback' } })
  guarded = await startService({ db: service.db, env: { METRICS_TOKEN: TOKEN } })
  owner = await anOwner(guarded)
})
afterAll(async () => {
  await guarded.stop()
  await service.stop()
})

async function scrape(at: Service, headers: Record<string, string> = {}) {
  const answer = await fetch(`${at.url}/metrics`, { headers })
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() }
}

/** The value of a line, by its beginning. */
const valueFrom = (text: string, start: string): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${start} `))
  return line === undefined ? undefined : Number(line.slice(start.length + 1))
}

describe('who may scrape', () => {
  test('without METRICS_TOKEN: this machine, and nobody through a proxy on it', async () => {
    const { status, type } = await scrape(service)
    expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' })
    for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via', 'X-Forwarded-Host']) {
      expect((await scrape(service, { [name]: '127.0.0.1' })).status).toBe(404)
    }
  })

  test('with METRICS_TOKEN: who presents it, from anywhere', async () => {
    expect((await scrape(guarded)).status).toBe(401)
    expect((await scrape(guarded, { authorization: 'Bearer nonsense' })).status).toBe(401)
    expect((await scrape(guarded, { authorization: `Basic ${TOKEN}` })).status).toBe(401)
    const allowed = await scrape(guarded, { authorization: `Bearer ${TOKEN}`, 'x-forwarded-for': '192.0.2.1' })
    expect(allowed.status).toBe(200)
  })

  test('only GET and HEAD', async () => {
    expect((await fetch(`${service.url}/metrics`, { method: 'POST' })).status).toBe(405)
  })
})

describe('what is told', () => {
  test('requests by method, route and class of status; no id and no path of a caller is a label', async () => {
    await owner.get('/user')
    await owner.get(`/organizations/${owner.organizationId}`)
    await owner.get('/organizations/nothingXYZ')
    await call(guarded, '/nowhere/at/all')
    const { text } = await scrape(guarded, { authorization: `Bearer ${TOKEN}` })
    const count = (labels: string) => valueFrom(text, `gatehouse_http_request_duration_seconds_count{${labels}}`)
    expect(count('method="GET",route="/api/user",status="2xx"')).toBe(1)
    expect(count('method="GET",route="/api/organizations/:id",status="2xx"')).toBe(1)
    expect(count('method="GET",route="/api/organizations/:id",status="4xx"')).toBe(1)
    expect(count('method="GET",route="none",status="4xx"')).toBeGreaterThanOrEqual(1)
    expect(text).not.toContain(owner.organizationId)
    expect(text).not.toContain('nowhere')
  })

  test('tokens by grant and outcome; an unknown grant is `unknown`', async () => {
    const ask = (body: Record<string, string>) =>
      fetch(`${service.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(body) })
    const client = { grant_type: 'client_credentials', client_id: owner.clientId }
    await ask({ ...client, client_secret: owner.clientSecret })
    await ask({ ...client, client_secret: 'wrong' })
    await ask({ ...client, grant_type: `made-up-${Math.random()}` })
    const { text } = await scrape(service)
    const count = (labels: string) => valueFrom(text, `gatehouse_token_requests_total{${labels}}`)
    expect(count('grant="client_credentials",outcome="issued"')).toBe(1)
    expect(count('grant="client_credentials",outcome="invalid_client"')).toBe(1)
    expect(count('grant="unknown",outcome="unsupported_grant_type"')).toBe(1)
    expect(text).not.toContain('made-up')
  })

  test('refusals by limit', async () => {
    // An address of its own: where instances share their counts, so do the specs.
    const address = `198.18.${randomInt(256)}.${randomInt(256)}`
    for (let turn = 0; turn < 22; turn += 1)
      await fetch(`${service.url}/oauth/token`, { method: 'POST', headers: { 'x-forwarded-for': address } })
    const { text } = await scrape(service)
    const refused = valueFrom(text, 'gatehouse_rate_limited_total{limit="token"}') ?? 0
    // Two at least: what was told to the other instances in this very moment may count here twice.
    expect([refused >= 2, refused < 22]).toEqual([true, true])
  })

  test('a mail of an instance whose clock is ahead is not younger than nothing', async () => {
    expect((await invite(await anOwner(guarded), 'somebody@example.com')).status).toBe(201)
    const before = new Date(Date.now() - 86_400_000 * 365)
    expect((await outboxState(guarded.db.knex, before)).oldestSeconds).toBe(0)
  })

  test('pool, event loop, outbox, litter, key, revocations, memory', async () => {
    const { text } = await scrape(guarded, { authorization: `Bearer ${TOKEN}` })
    for (const [line, most] of [
      ['gatehouse_db_pool_connections{pool="requests",state="most"}', 4],
      ['gatehouse_db_pool_waiting{pool="requests"}', 10],
      ['gatehouse_revocations_age_seconds', 5],
      ['gatehouse_signing_key_age_seconds', 1e9],
      ['gatehouse_outbox_messages{state="waiting"}', 1e6],
      ['gatehouse_outbox_oldest_seconds', 1e9],
      ['gatehouse_expired_rows_oldest_seconds{table="revocations"}', 1e9],
      ['nodejs_eventloop_lag_p99_seconds', 60],
      ['process_resident_memory_bytes', 1e10],
    ] as const) {
      const value = valueFrom(text, line)
      expect({ line, value: value !== undefined && value >= 0 && value <= most }).toEqual({ line, value: true })
    }
  })
})

describe('gauges', () => {
  test('a storm of scrapes reads once; a source that fails or hangs is left out and holds nobody up', async () => {
    let reads = 0
    const metrics = createMetrics([
      { name: 'one', help: 'x', read: async () => [{ value: ++reads }] },
      { name: 'broken', help: 'x', read: () => Promise.reject(new Error('no database')) },
      { name: 'hanging', help: 'x', labels: ['a'], read: () => new Promise(() => undefined) },
    ])
    const start = performance.now()
    const texts = await Promise.all(Array.from({ length: 100 }, () => metrics.text()))
    await metrics.text()
    expect(performance.now() - start).toBeLessThan(8000)
    expect(reads).toBe(1)
    expect(valueFrom(texts[99] as string, 'one')).toBe(1)
    expect(valueFrom(texts[99] as string, 'broken')).toBeUndefined()
    expect(texts[99]).not.toContain('hanging{')
  })
})

test('the access log names the client and the organization of a token request, and the route', async () => {
  await new Promise<void>((resolve) => {
    const { port } = new URL(guarded.url)
    const body = `grant_type=client_credentials&client_id=${owner.clientId}&client_secret=${owner.clientSecret}`
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-request-id': 'logged' }
    request({ port, path: '/oauth/token', method: 'POST', headers }, (answer) => {
      answer.resume().on('end', resolve)
    }).end(body)
  })
  await new Promise((later) => setTimeout(later, 50))
  expect(guarded.logs.find((line) => line.request_id === 'logged')).toMatchObject({
    route: '/oauth/token',
    method: 'POST',
    client: expect.any(String),
    status: 200,
    duration_ms: expect.any(Number),
  })
})
