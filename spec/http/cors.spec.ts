import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anOwner, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const origin = 'https://shop.example'
const ask = (path: string, init: RequestInit = {}) => fetch(`${service.url}/api${path}`, init)

test('a browser may ask: preflights of the API are answered without a token', async () => {
  for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
    const headers = { origin, 'access-control-request-method': method }
    const reply = await ask('/organization', { method: 'OPTIONS', headers })
    expect([reply.status, await reply.text()]).toEqual([204, ''])
    expect(reply.headers.get('access-control-allow-origin')).toBe('*')
    expect(reply.headers.get('access-control-allow-methods')).toContain(method)
    expect(reply.headers.get('access-control-max-age')).toBe('600')
    const allowed = reply.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')
    const sent = ['authorization', 'content-type', 'accept', 'if-match', 'idempotency-key', 'x-request-id']
    expect(allowed).toEqual(expect.arrayContaining(sent))
  }
})

test('H6 no origin is repeated and no credentials are allowed, so a browser adds none', async () => {
  const authorization = `Bearer ${owner.token}`
  for (const headers of [{ origin, authorization }, { origin }, { origin: 'null', authorization }]) {
    const reply = await ask('/roles', { headers })
    expect(reply.status).toBe('authorization' in headers ? 200 : 401)
    expect(reply.headers.get('access-control-allow-origin')).toBe('*')
    expect(reply.headers.has('access-control-allow-credentials')).toBe(false)
    const exposed = reply.headers.get('access-control-expose-headers')?.toLowerCase().split(', ')
    const needed = ['location', 'etag', 'x-request-id', 'retry-after', 'x-ratelimit-remaining', 'idempotency-replayed']
    expect(exposed).toEqual(expect.arrayContaining(needed))
  }
})

test('an OPTIONS that is no preflight is a request like any other', async () => {
  expect((await ask('/roles', { method: 'OPTIONS' })).status).toBe(401)
  expect((await ask('/roles', { method: 'OPTIONS', headers: { origin } })).status).toBe(401)
  const headers = { authorization: `Bearer ${owner.token}` }
  expect((await ask('/roles', { method: 'OPTIONS', headers })).headers.get('allow')).toContain('GET')
})
