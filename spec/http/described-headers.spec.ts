import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anApplication, anOwner, type Body, call, change, type Owner, type Reply, resource } from '../support/api.js'
import { description } from '../support/openapi.js'
import { type Service, startService } from '../support/service.js'

const TYPE = 'application/vnd.api+json'
const LIMITS = ['X-Ratelimit-Limit', 'X-Ratelimit-Interval', 'X-Ratelimit-Remaining', 'RateLimit-Policy', 'RateLimit']

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService({ env: { RATE_LIMITS: 'on', TRUSTED_PROXIES: 'loopback' } })
  owner = await anOwner(service)
})
afterAll(() => service.stop())

interface Asked {
  readonly body?: Body
  readonly headers?: Record<string, string>
  readonly at?: Service
  readonly from?: string
}

/** Calls, which compares the answer and its headers with the description (spec/support/openapi). */
function ask(method: string, path: string, { body, headers = {}, at = service, from }: Asked = {}): Promise<Reply> {
  const address = from ?? `198.18.${randomBytes(2).join('.')}`
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const all = { authorization: `Bearer ${owner.token}`, 'content-type': TYPE, 'x-forwarded-for': address, ...headers }
  return call(at, path, { method, headers: all, ...sent })
}

type Described = Body
const resolve = (one: Body): Body =>
  one.$ref === undefined
    ? one
    : one.$ref
        .split('/')
        .slice(1)
        .reduce((at: Body, step: string) => at[step], description)
const operationOf = (method: string, path: string): Described => description.paths[path]?.[method.toLowerCase()]
const headersOf = (method: string, path: string, status: string): string[] =>
  Object.keys(resolve(operationOf(method, path).responses[status]).headers).sort()
const parametersOf = (method: string, path: string): string[] =>
  (operationOf(method, path).parameters ?? [])
    .map(resolve)
    .filter((one: Body) => one.in === 'header')
    .map((one: Body) => one.name)
/** Of the headers that the description knows, those that an answer carries. */
const carried = ({ headers }: Reply): string[] =>
  Object.keys(description.components.headers)
    .filter((name) => headers.has(name))
    .sort()
const inside = (): Record<string, [string, string]> => ({ organization: ['organizations', owner.organizationId] })
const newRole = (): Body => resource('roles', { name: 'Role' }, inside())

describe('what the description says of headers is what answers carry', () => {
  test('ETag, Location and the limits of a resource that is made, read, changed and deleted', async () => {
    const made = await ask('POST', '/api/roles', { body: newRole(), headers: { 'idempotency-key': 'first' } })
    const { id } = made.body.data
    const path = `/api/roles/${id}`
    const again = await ask('POST', '/api/roles', { body: newRole(), headers: { 'idempotency-key': 'other' } })
    const read = await ask('GET', path)
    const etag = read.headers.get('etag') ?? ''
    const name = change('roles', id, { name: 'Other' })
    const changed = await ask('PATCH', path, { body: name, headers: { 'if-match': etag } })
    const late = await ask('PATCH', path, { body: name, headers: { 'if-match': etag } })
    const lateDelete = await ask('DELETE', path, { headers: { 'if-match': etag } })
    const deleted = await ask('DELETE', path, { headers: { 'if-match': changed.headers.get('etag') ?? '' } })
    expect([made, again, read, changed, late, lateDelete, deleted].map(({ status }) => status)).toEqual([
      201, 201, 200, 200, 412, 412, 204,
    ])
    const replayable = headersOf('POST', '/roles', '201')
    expect(carried(made)).toEqual(replayable.filter((one) => one !== 'Idempotency-Replayed'))
    expect(carried(read)).toEqual(headersOf('GET', '/roles/{id}', '200'))
    expect(carried(changed)).toEqual(headersOf('PATCH', '/roles/{id}', '200'))
    expect(carried(late)).toEqual(headersOf('PATCH', '/roles/{id}', '412'))
    expect(carried(lateDelete)).toEqual(headersOf('DELETE', '/roles/{id}', '412'))
    expect(carried(deleted)).toEqual(headersOf('DELETE', '/roles/{id}', '204'))
    expect(carried(late)).toEqual(['ETag', ...LIMITS].sort())
    expect(carried(deleted)).toEqual([...LIMITS].sort())
  })

  test('a POST that is sent again, an action and the operations too', async () => {
    const app = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    const twice = async (path: string, options: Asked): Promise<Reply> => {
      const headers = { 'idempotency-key': randomBytes(6).toString('hex'), ...options.headers }
      await ask('POST', path, { ...options, headers })
      return ask('POST', path, { ...options, headers })
    }
    const rotated = await twice(`/api/api_credentials/${app.id}/rotate_secret`, { body: { data: {} } })
    expect(carried(rotated)).toEqual(headersOf('POST', '/api_credentials/{id}/rotate_secret', '200'))
    expect(carried(await twice('/api/roles', { body: newRole() }))).toEqual(headersOf('POST', '/roles', '201'))
    const atomic = { 'content-type': `${TYPE}; ext="https://jsonapi.org/ext/atomic"` }
    const operations = { 'atomic:operations': [{ op: 'add', data: newRole().data }] }
    const done = await twice('/api/operations', { body: operations, headers: atomic })
    expect([done.status, carried(done)]).toEqual([200, headersOf('POST', '/operations', '200')])
    expect(carried(done)).toContain('Idempotency-Replayed')
  })

  test('a list and a related resource have no ETag', async () => {
    expect(carried(await ask('GET', '/api/roles'))).toEqual(headersOf('GET', '/roles', '200'))
    const related = await ask('GET', `/api/roles/${owner.roles.Admin}/organization`)
    expect(carried(related)).toEqual(headersOf('GET', '/roles/{id}/organization', '200'))
    expect(carried(related)).toEqual([...LIMITS].sort())
  })
})

describe('what the description says of headers is what requests may carry', () => {
  const linkage = '/markets/{id}/relationships/stock_locations'
  const operations = Object.entries(description.paths).flatMap(([path, item]) =>
    ['get', 'post', 'patch', 'delete'].filter((method) => method in item).map((method) => [method, path] as const),
  )

  test('If-Match: changes of one resource and of its linkage, with their 412', () => {
    const found = operations.filter(([method, path]) => parametersOf(method, path).includes('If-Match'))
    const with412 = operations.filter(([method, path]) => '412' in operationOf(method, path).responses)
    expect(found).toEqual(with412)
    const meant = operations.filter(([method, path]) => {
      const isOne = /^\/[a-z_]+(\/\{id\})?$/.test(path) && (method === 'patch' || method === 'delete')
      return isOne || (/\/relationships\//.test(path) && method !== 'get')
    })
    expect(found).toEqual(meant)
    expect(found).toContainEqual(['post', linkage])
  })

  test('Idempotency-Key: every POST of the API and nothing else', () => {
    const found = operations.filter(([method, path]) => parametersOf(method, path).includes('Idempotency-Key'))
    expect(found).toEqual(operations.filter(([method, path]) => method === 'post' && !path.startsWith('/oauth/')))
    expect(found).toContainEqual(['post', '/operations'])
  })

  test('and so it is: a linkage refuses another state, an action looks at none, a bad key is refused anywhere', async () => {
    const body = resource('merchants', { name: 'M', code: 'm' }, inside())
    const merchant = (await ask('POST', '/api/merchants', { body })).body.data.id
    const links = { ...inside(), merchant: ['merchants', merchant] as [string, string] }
    const market = (await ask('POST', '/api/markets', { body: resource('markets', { name: 'EU', code: 'eu' }, links) }))
      .body.data.id
    const late = { 'if-match': '"another"' }
    const path = `/api/markets/${market}/relationships/stock_locations`
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      const refused = await ask(method, path, { body: { data: [] }, headers: late })
      expect([method, refused.status, carried(refused)]).toEqual([method, 412, headersOf(method, linkage, '412')])
    }
    const invited = await ask('POST', '/api/memberships', {
      body: resource(
        'memberships',
        { user_email: 'bob@example.com' },
        { ...inside(), role: ['roles', owner.roles.Member as string] },
      ),
    })
    const resent = `/api/memberships/${invited.body.data.id}/resend`
    expect((await ask('POST', resent, { body: { data: {} }, headers: late })).status).toBe(202)
    const pattern = new RegExp((description.components as Body).parameters.IdempotencyKey.schema.pattern)
    for (const key of ['a', 'x'.repeat(255), 'x'.repeat(256), 'a b', '~!']) {
      const { status } = await ask('POST', '/api/roles', { body: newRole(), headers: { 'idempotency-key': key } })
      expect([key, status]).toEqual([key, pattern.test(key) ? 201 : 400])
    }
  })
})

describe('429 of every endpoint', () => {
  let tight: Service
  beforeAll(async () => {
    const none = { RATE_LIMIT_READ: '1/60', RATE_LIMIT_WRITE: '1/60', RATE_LIMIT_TOKEN: '1/60' }
    const env = { RATE_LIMITS: 'on', TRUSTED_PROXIES: 'loopback', ...none }
    tight = await startService({ db: service.db, env })
  })
  afterAll(() => tight.stop())

  const free = ['/health', '/ready']
  test('has the described body and headers, Retry-After among them', async () => {
    const from = '198.18.0.1'
    await ask('GET', '/api/user', { at: tight, from })
    for (const path of ['/api/roles', '/oauth/token']) await ask('POST', path, { at: tight, from })
    for (const [path, item] of Object.entries(description.paths)) {
      const at = /^\/(oauth|\.well-known)\//.test(path) || free.includes(path) ? path : `/api${path}`
      for (const method of ['get', 'post', 'patch', 'delete'].filter((one) => one in item)) {
        const reply = await ask(method.toUpperCase(), at.replace('{id}', 'AAAAAAAAAA'), {
          at: tight,
          from,
        })
        const told = free.includes(path) ? [200, []] : [429, headersOf(method, path, '429')]
        expect([method, path, reply.status, carried(reply)]).toEqual([method, path, ...told])
        expect(free.includes(path) || carried(reply).includes('Retry-After')).toBe(true)
      }
    }
  })
})
