import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { AppError } from '../../src/errors.js'
import { beginRequest } from '../../src/http/request.js'
import { createExpress, createHttpServer, listen } from '../../src/http/server.js'
import { createPageErrors } from '../../src/pages/error.js'
import { type Service, startService } from '../support/service.js'

/** What a browser sends when a person follows a link. */
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

let service: Service

beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

const look = (path: string, init: RequestInit = {}) =>
  fetch(`${service.url}${path}`, { ...init, headers: { accept: BROWSER, ...init.headers } })

describe('an error for people', () => {
  test('an address without a page is a page that says so', async () => {
    const answer = await look('/nowhere')
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'self'/)
    expect(await answer.text()).toContain('<h1>There is nothing here</h1>')
  })

  test('a method that a page does not have keeps its status and its header', async () => {
    const answer = await look('/', { method: 'DELETE' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect(await answer.text()).toContain('<h1>')
  })

  test('an odd spelling of an address is answered the same', async () => {
    expect(await (await look('/pages//style.css')).text()).toContain('<h1>There is nothing here</h1>')
  })
})

test('programs get no page, whatever they say they read', async () => {
  const machines = ['/api/organizations', '/api/nowhere', '/oauth/token', '/oauth/tokeninfo', '/oauth/nowhere']
  for (const path of [...machines, '/.well-known/nowhere', '/tokeninfo']) {
    const answer = await look(path, path === '/oauth/token' ? { method: 'POST' } : {})
    expect([path, answer.headers.get('content-type')]).toEqual([path, expect.stringContaining('json')])
  }
  for (const accept of ['*/*', 'application/json', 'application/vnd.api+json']) {
    const answer = await look('/nowhere', { headers: { accept } })
    expect([accept, answer.headers.get('content-type')]).toEqual([accept, 'application/vnd.api+json'])
  }
})

test('a fault of ours is told by its number alone, and logged with its cause', async () => {
  const logged: unknown[] = []
  const app = createExpress()
  app.use(beginRequest)
  app.get('/broken', () => {
    throw new Error('relation "users" <b>does not exist</b>')
  })
  app.get('/slow', () => {
    throw new AppError('too_many', { detail: 'Too many tries.', headers: { 'Retry-After': '60' } })
  })
  app.use(createPageErrors({ error: (fields: unknown) => void logged.push(fields) }))
  const server = createHttpServer(app)
  const port = await listen(server, { port: 0, host: '127.0.0.1' })
  const ask = (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { accept: BROWSER, 'x-request-id': 'number-7' } })
  const broken = await ask('/broken')
  const text = await broken.text()
  expect(broken.status).toBe(500)
  expect(text).toContain('<code>number-7</code>')
  expect(text).not.toMatch(/relation|users/)
  expect(logged).toEqual([
    { request_id: 'number-7', err: expect.objectContaining({ message: expect.stringMatching(/^relation/) }) },
  ])
  const slow = await ask('/slow')
  expect([slow.status, slow.headers.get('retry-after')]).toEqual([429, '60'])
  expect(await slow.text()).toMatch(/<h1>Too many tries<\/h1>[\s\S]*Try again in 60 seconds/)
  server.closeAllConnections()
  server.close()
})
