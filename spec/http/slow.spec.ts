import { connect } from 'node:net'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { Router } from 'express'
import { type Plane, startPlane } from '../support/plane.js'

jest.setTimeout(40_000)

let plane: Plane

beforeAll(async () => {
  plane = await startPlane(Router())
})
afterAll(() => plane.stop(100))

/** Sends `start`, then a byte a second, until the other side ends it.  @returns after how many milliseconds */
function drip(start: string): Promise<number> {
  return new Promise((resolve) => {
    const began = performance.now()
    const socket = connect(plane.port, '127.0.0.1', () => socket.write(start))
    const timer = setInterval(() => socket.write('x'), 1000)
    socket.on('error', () => undefined)
    socket.resume().on('close', () => {
      clearInterval(timer)
      resolve(performance.now() - began)
    })
  })
}

test('H1 slow headers and a slow body are cut within 30 s, and others are served meanwhile', async () => {
  const slow = Promise.all([
    drip('GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: '),
    drip('POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/vnd.api+json\r\nContent-Length: 1000\r\n\r\n{'),
    ...Array.from({ length: 200 }, () => drip('GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: ')),
  ])
  expect((await plane.send('/health', { method: 'GET' })).status).toBe(200)
  for (const after of await slow) expect(after).toBeLessThan(30_000)
})
