import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Router } from 'express'
import { type Plane, startPlane } from '../support/plane.js'

const OURS = 'application/vnd.api+json'

let plane: Plane

beforeAll(async () => {
  const routes = Router({ caseSensitive: true, strict: true })
  routes.all('/echo', (req, res) => {
    res.setHeader('Content-Type', OURS)
    res.end(JSON.stringify({ meta: { body: req.body ?? null } }))
  })
  plane = await startPlane(routes)
})

afterAll(() => plane.stop())

describe('a body', () => {
  test('is parsed; a byte order mark is skipped', async () => {
    const { json } = await plane.send('/api/echo', { body: '\ufeff{"data":{"type":"x"}}' })
    expect(json.meta.body).toEqual({ data: { type: 'x' } })
  })

  test('JA-34 is not needed: a Content-Type without a body is fine', async () => {
    expect((await plane.send('/api/echo', { method: 'GET' })).status).toBe(200)
    expect((await plane.send('/api/echo', { method: 'DELETE' })).status).toBe(200)
    expect((await plane.send('/api/echo', { headers: { 'content-type': 'text/plain' } })).json.meta.body).toBeNull()
  })

  test('on GET is ignored, whatever it is', async () => {
    const answer = await plane.raw(
      'GET /api/echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{{{',
    )
    expect(answer).toMatch(/^HTTP\/1.1 200/)
  })

  test.each([
    ['JA-34 not JSON', '{"data":'],
    ['J14 invalid UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ['J14 nested 100 000 deep', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['J14 nested 65 deep', '['.repeat(65) + ']'.repeat(65)],
    ['J14 a number beyond double precision', '{"data":{"attributes":{"n":1e999}}}'],
    ['J14 NUL in text', '{"data":{"attributes":{"name":"a\\u0000b"}}}'],
    ['J14 NUL in a member name', '{"data":{"a\\u0000":1}}'],
    ['J14 a lone surrogate', '{"data":{"attributes":{"name":"\\ud800"}}}'],
    ['J12 a member called __proto__', '{"data":{"__proto__":{"admin":true}}}'],
  ])('%s: 400', async (_name, body) => {
    const started = performance.now()
    const { status, json } = await plane.send('/api/echo', { body })
    expect(status).toBe(400)
    expect(json.errors[0]).toMatchObject({ status: '400', code: 'BAD_REQUEST', detail: expect.any(String) })
    expect(performance.now() - started).toBeLessThan(2000)
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
  })

  test('J14 the fault is pointed at', async () => {
    const { json } = await plane.send('/api/echo', { body: '{"data":{"attributes":{"a/b~c":["x","\\u0000"]}}}' })
    expect(json.errors[0].source).toEqual({ pointer: '/data/attributes/a~1b~0c/1' })
  })

  test('64 levels and astral characters are fine', async () => {
    const body = `{"a":${'['.repeat(63)}"\u{1f511}"${']'.repeat(63)}}`
    expect((await plane.send('/api/echo', { body })).status).toBe(200)
  })

  test('J14 twenty thousand values are fine, one more is not', async () => {
    const numbers = (count: number) => plane.send('/api/echo', { body: JSON.stringify(Array(count).fill(0)) })
    expect((await numbers(19_999)).status).toBe(200)
    const { status, json } = await numbers(20_000)
    expect([status, json.errors[0].detail]).toEqual([400, 'The body holds more than 20000 values.'])
  })

  test('512 KiB are fine, a byte more is 413', async () => {
    const text = (bytes: number) => plane.send('/api/echo', { body: JSON.stringify('x'.repeat(bytes - 2)) })
    expect((await text(512 * 1024)).status).toBe(200)
    expect((await text(512 * 1024 + 1)).status).toBe(413)
  })

  test('J14 what is announced to be too much is not waited for', async () => {
    const head = `POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Type: ${OURS}\r\nContent-Length: 524289\r\n\r\n`
    expect(await plane.raw(head)).toMatch(/^HTTP\/1.1 413/)
  })

  test('J14 of more than 1 MiB: 413, whether announced or not', async () => {
    const big = JSON.stringify('x'.repeat(1024 * 1024))
    const announced = await plane.send('/api/echo', { body: big })
    expect([announced.status, announced.json.errors[0].code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
    const status = await new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        `${plane.url}/api/echo`,
        { method: 'POST', headers: { 'content-type': OURS } },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        },
      )
      outgoing.on('error', reject)
      outgoing.write(big)
      outgoing.end()
    })
    expect(status).toBe(413)
  })

  test('H3 compressed: 415, before it can grow', async () => {
    const body = gzipSync('{"data":null}')
    const { status, headers } = await plane.send('/api/echo', { body, headers: { 'content-encoding': 'gzip' } })
    expect(status).toBe(415)
    expect(headers.get('accept-encoding')).toBe('identity')
  })

  test.each(['text/plain', 'application/json', `${OURS}; charset=utf-8`, 'application/x-www-form-urlencoded'])(
    'J18 %s: 415, and the document is not looked at',
    async (type) => {
      const { status, json } = await plane.send('/api/echo', { body: '{"data":', headers: { 'content-type': type } })
      expect(status).toBe(415)
      expect(json.errors[0].source).toEqual({ header: 'Content-Type' })
    },
  )

  test('H4 cut off in the middle: nothing of it reaches the route, and the next request is served', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(plane.port, '127.0.0.1', () => {
        socket.write(`POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Type: ${OURS}\r\nContent-Length: 100\r\n\r\n{"da`)
        setTimeout(() => socket.destroy(), 50)
      })
      socket.on('close', () => resolve())
    })
    expect((await plane.send('/api/echo')).status).toBe(200)
  })
})
