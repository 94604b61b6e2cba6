import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Router } from 'express'
import { AppError } from '../../src/errors.js'
import { type Plane, startPlane } from '../support/plane.js'

const OURS = 'application/vnd.api+json'

let plane: Plane

beforeAll(async () => {
  const routes = Router({ caseSensitive: true, strict: true })
  const echo = routes.route('/echo')
  echo.all((req, res) => {
    res.setHeader('Content-Type', OURS)
    res.end(JSON.stringify({ meta: { body: req.body ?? null } }))
  })
  routes.get('/fails/:id', () => {
    throw new Error('select secret_hash from users -- /srv/app/db.ts')
  })
  routes.get('/refuses', () => {
    throw new AppError('invalid', { issues: [{ detail: 'one', source: { pointer: '/data' } }, { detail: 'two' }] })
  })
  plane = await startPlane(routes)
})

afterAll(() => plane.stop())

describe('errors', () => {
  test('J20 an unexpected fault says nothing but the request id; the cause is logged', async () => {
    const { status, json, text, headers } = await plane.send('/api/fails/ABCDEFGHIJ', {
      method: 'GET',
      headers: { 'x-request-id': 'mine-1' },
    })
    expect(status).toBe(500)
    expect(headers.get('content-type')).toBe(OURS)
    expect(json.errors).toEqual([
      {
        title: 'Internal server error',
        detail: 'Something went wrong on our side. Quote the request id.',
        code: 'INTERNAL_SERVER_ERROR',
        status: '500',
        meta: { request_id: 'mine-1' },
      },
    ])
    expect(text).not.toMatch(/secret_hash|\/srv|stack/)
    expect(plane.logs).toContainEqual(
      expect.objectContaining({
        level: 50,
        request_id: 'mine-1',
        err: expect.objectContaining({ message: expect.stringContaining('secret_hash') }),
      }),
    )
  })

  test('JA-31 JA-32 several problems are several entries, status a string', async () => {
    const { status, json } = await plane.send('/api/refuses', { method: 'GET' })
    expect(status).toBe(422)
    expect(json.errors.map((error: { status: string; detail: string }) => [error.status, error.detail])).toEqual([
      ['422', 'one'],
      ['422', 'two'],
    ])
    expect(json.errors[0].source).toEqual({ pointer: '/data' })
  })

  test('JA-33 an unknown route is a JSON:API error', async () => {
    for (const path of ['/nothing', '/api/nothing']) {
      const { status, json, headers } = await plane.send(path, { method: 'GET' })
      expect([status, json.errors[0].code, headers.get('content-type')]).toEqual([404, 'NOT_FOUND', OURS])
    }
  })

  test('J20 TRACE and made-up methods get no answer of ours', async () => {
    expect(await plane.raw('TRACE /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Secret: 1\r\n\r\n')).toMatch(
      /^HTTP\/1.1 405[\s\S]*Allow: GET, HEAD/,
    )
    expect(await plane.raw('STEAL /health HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/^HTTP\/1.1 400/)
  })
})

describe('paths', () => {
  test.each([
    '//api/echo',
    '/api//echo',
    '/api/echo/',
    '/API/echo',
    '/api/ECHO',
    '/api/./echo',
    '/api/x/../echo',
    '/api/%65cho',
    '/api%2fecho',
    '/api/echo;x',
    '/api/%zz',
    '/api/echo%00',
  ])('H5 %s is not another way in', async (path) => {
    const answer = await plane.raw(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 404/)
  })

  test('H2 two lengths, or a length and chunks: 400 and the end', async () => {
    const head = `POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Type: ${OURS}\r\n`
    expect(await plane.raw(`${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`)).toMatch(/^HTTP\/1.1 400/)
    expect(
      await plane.raw(`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
    ).toMatch(/^HTTP\/1.1 400/)
  })

  test('H2 a header of 64 KB: 431', async () => {
    expect(await plane.raw(`GET /health HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431/,
    )
  })
})

describe('every answer', () => {
  test('carries an id: the one sent if it is harmless, else a new one', async () => {
    expect(
      (await plane.send('/health', { method: 'GET', headers: { 'x-request-id': 'abc_1.2-3' } })).headers.get(
        'x-request-id',
      ),
    ).toBe('abc_1.2-3')
    for (const bad of ['a b', 'x'.repeat(65), '<script>', 'a"b']) {
      const id = (await plane.send('/health', { method: 'GET', headers: { 'x-request-id': bad } })).headers.get(
        'x-request-id',
      )
      expect(id).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  test('forbids sniffing, framing, caching; names neither framework nor version', async () => {
    const { headers } = await plane.send('/api/echo', { method: 'GET' })
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'cache-control': 'no-store',
      vary: 'Accept',
    })
    for (const name of ['x-powered-by', 'server', 'etag', 'access-control-allow-credentials'])
      expect(headers.has(name)).toBe(false)
  })

  test('JA-04 406 for those who want something else', async () => {
    const { status, json } = await plane.send('/api/echo', { method: 'GET', headers: { accept: 'application/json' } })
    expect([status, json.errors[0].code, json.errors[0].source]).toEqual([406, 'NOT_ACCEPTABLE', { header: 'Accept' }])
  })

  test('is logged once, with the route pattern and without query, header or body', async () => {
    const before = plane.logs.length
    await plane.send('/api/fails/ABCDEFGHIJ?token=hush', {
      method: 'GET',
      headers: { authorization: 'Bearer hush', 'x-request-id': 'log-1' },
    })
    const lines = plane.logs.slice(before).filter((line) => line.msg === 'request')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: 30,
      request_id: 'log-1',
      method: 'GET',
      route: '/api/fails/:id',
      status: 500,
      code: 'INTERNAL_SERVER_ERROR',
    })
    expect(JSON.stringify(lines)).not.toMatch(/hush|ABCDEFGHIJ/)
  })
})

test('stopping lets the running request finish and takes no new one', async () => {
  const other = await startPlane(Router().get('/slow', (_req, res) => void setTimeout(() => res.end('done'), 300)))
  const running = fetch(`${other.url}/api/slow`).then((answer) => answer.text())
  await new Promise((resolve) => setTimeout(resolve, 100))
  const stopped = other.stop(5000)
  await expect(fetch(`${other.url}/health`)).rejects.toThrow()
  expect(await running).toBe('done')
  await stopped
})

test('stopping does not wait for ever', async () => {
  const other = await startPlane(Router().get('/never', () => undefined))
  const running = fetch(`${other.url}/api/never`).catch(() => 'cut')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const started = performance.now()
  await other.stop(200)
  expect(performance.now() - started).toBeLessThan(2000)
  expect(await running).toBe('cut')
})
