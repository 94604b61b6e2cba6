import { connect } from 'node:net'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { Router } from 'express'
import { createExpress, createHttpServer, LIMITS_MS } from '../../src/http/server.js'
import { type Plane, startPlane } from '../support/plane.js'

jest.setTimeout(40_000)

/** The service's limits, and ten times shorter: nothing of what is tested waits for their length. */
const { headersTimeout, requestTimeout, connectionsCheckingInterval, keepAliveTimeout, silence } = LIMITS_MS
const SHORT = {
  headersTimeout: headersTimeout / 10,
  requestTimeout: requestTimeout / 10,
  connectionsCheckingInterval: connectionsCheckingInterval / 10,
  keepAliveTimeout: keepAliveTimeout / 10,
  silence: silence / 10,
}

let plane: Plane
/** Told after how many milliseconds the big answer has ended. */
let cutAfter = (_ms: number): void => undefined

beforeAll(async () => {
  const routes = Router()
  routes.get('/big', (_req, res) => {
    const began = performance.now()
    res.once('close', () => cutAfter(performance.now() - began))
    res.end(Buffer.alloc(64 << 20))
  })
  plane = await startPlane(routes, SHORT)
})
afterAll(() => plane.stop(100))

/** Sends `start`, then a byte every tenth of a second, until the other side ends it.  @returns after how many milliseconds */
function drip(start: string): Promise<number> {
  return new Promise((resolve) => {
    const began = performance.now()
    const socket = connect(plane.port, '127.0.0.1', () => socket.write(start))
    const timer = setInterval(() => socket.write('x'), 100)
    socket.on('error', () => undefined)
    socket.resume().on('close', () => {
      clearInterval(timer)
      resolve(performance.now() - began)
    })
  })
}

test('H1 slow headers and a slow body are cut after a while, and others are served meanwhile', async () => {
  const slow = Promise.all([
    drip('GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: '),
    drip('POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/vnd.api+json\r\nContent-Length: 1000\r\n\r\n{'),
    ...Array.from({ length: 200 }, () => drip('GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: ')),
  ])
  expect((await plane.send('/health', { method: 'GET' })).status).toBe(200)
  for (const after of await slow) expect(after).toBeLessThan(10_000)
})

test('H1 who reads nothing of a large answer is cut after a while', async () => {
  const cut = new Promise<number>((resolve) => {
    cutAfter = resolve
  })
  const socket = connect(plane.port, '127.0.0.1', () => socket.write('GET /api/big HTTP/1.1\r\nHost: a\r\n\r\n'))
  socket.on('error', () => undefined).pause()
  expect(await cut).toBeLessThan(10_000)
  socket.destroy()
})

test('H1 with its own limits the service cuts them within 30 s', () => {
  const server = createHttpServer(createExpress())
  const { headersTimeout: headers, requestTimeout: request } = server
  expect([headers, request]).toEqual([headersTimeout, requestTimeout])
  for (const idle of [server.timeout, server.keepAliveTimeout]) {
    expect(idle).toBeGreaterThan(0)
    expect(idle).toBeLessThanOrEqual(30_000)
  }
  for (const limit of [headers, request]) {
    expect(limit).toBeGreaterThan(0)
    // It is looked at twice at the worst.
    expect(limit + 2 * connectionsCheckingInterval).toBeLessThan(30_000)
  }
})
