import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anOwner, call, type Owner, type Reply, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const OURS = 'application/vnd.api+json'

const send = (path: string, init: RequestInit = {}): Promise<Reply> =>
  call(service, `/api${path}`, { ...init, headers: { authorization: `Bearer ${owner.token}`, ...init.headers } })

const aRole = (name = newId()): string =>
  JSON.stringify(resource('roles', { name }, { organization: ['organizations', owner.organizationId] }))

const write = (headers: Record<string, string>, body = aRole()): Promise<Reply> =>
  send('/roles', { method: 'POST', headers, body })

describe('J20 methods', () => {
  test('HEAD is GET without a body; OPTIONS names the methods', async () => {
    const head = await send('/roles', { method: 'HEAD' })
    expect([head.status, head.body, head.headers.get('content-type')]).toEqual([200, undefined, OURS])
    for (const [path, allow] of [
      ['/roles', 'GET, POST, HEAD, OPTIONS'],
      ['/roles/AAAAAAAAAA', 'GET, PATCH, DELETE, HEAD, OPTIONS'],
      ['/roles/AAAAAAAAAA/relationships/permissions', 'GET, PATCH, POST, DELETE, HEAD, OPTIONS'],
    ]) {
      const options = await send(String(path), { method: 'OPTIONS' })
      expect([options.status, options.headers.get('allow')]).toEqual([204, allow])
    }
  })

  test.each(['TRACE', 'PROPFIND', 'LINK', 'PURGE'])('%s is refused', async (method) => {
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${owner.token}` }
      const asked = request(`${service.url}/api/roles`, { method, headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      asked.on('error', reject)
      asked.end()
    })
    expect(status).toBe(405)
  })

  test('a method in a header or a parameter is not taken', async () => {
    const { id } = (await write({ 'content-type': OURS })).body.data
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE', 'content-type': OURS }
    expect((await send(`/roles/${id}`, { method: 'POST', headers, body: '{}' })).status).toBe(405)
    expect((await send(`/roles/${id}?_method=DELETE`)).status).toBe(400)
    expect((await send(`/roles/${id}`)).status).toBe(200)
  })
})

test('a write through the wrong door is 405 with Allow', async () => {
  for (const [method, path, allow] of [
    ['PUT', '/roles', 'GET, POST, HEAD, OPTIONS'],
    ['DELETE', '/roles', 'GET, POST, HEAD, OPTIONS'],
    ['PUT', `/roles/${owner.roles.Admin}`, 'GET, PATCH, DELETE, HEAD, OPTIONS'],
    ['POST', '/versions', 'GET, HEAD, OPTIONS'],
    ['POST', '/user', 'GET, PATCH, HEAD, OPTIONS'],
    ['DELETE', '/user', 'GET, PATCH, HEAD, OPTIONS'],
    ['POST', `/roles/${owner.roles.Admin}/permissions`, 'GET, HEAD, OPTIONS'],
    ['GET', `/memberships/${newId()}/resend`, 'POST, OPTIONS'],
  ] as const) {
    const headers = { authorization: `Bearer ${owner.token}` }
    const answer = await call(service, `/api${path}`, { method, headers })
    expect([method, path, answer.status, answer.headers.get('allow')]).toEqual([method, path, 405, allow])
    expect(answer.body.errors[0]).toMatchObject({ status: '405', code: 'METHOD_NOT_ALLOWED' })
  }
})
