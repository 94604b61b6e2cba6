import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anOwner, type Body, call, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

const TYPE = 'application/vnd.api+json'

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const send = (
  method: string,
  path: string,
  options: { body?: Body; headers?: Record<string, string>; token?: string },
) =>
  call(service, `/api${path}`, {
    method,
    headers: { authorization: `Bearer ${options.token ?? owner.token}`, 'content-type': TYPE, ...options.headers },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
const newRole = (name = 'Role') =>
  resource('roles', { name }, { organization: ['organizations', owner.organizationId] })

test('a change that means another state than the present one is refused with 412, and nothing is changed', async () => {
  const made = await owner.post('/roles', newRole())
  const { id } = made.body.data
  const first = made.headers.get('etag') ?? ''
  expect((await owner.get(`/roles/${id}?fields[roles]=name`)).headers.get('etag')).toBe(first)
  const patch = (tag: string, name: string) =>
    send('PATCH', `/roles/${id}`, { body: change('roles', id, { name }), headers: { 'if-match': tag } })
  const changed = await patch(first, 'Second')
  expect(changed.status).toBe(200)
  const second = changed.headers.get('etag') ?? ''
  expect(second).not.toBe(first)
  const late = await patch(first, 'Third')
  expect([late.status, late.body.errors[0].code, late.body.errors[0].source, late.headers.get('etag')]).toEqual([
    412,
    'PRECONDITION_FAILED',
    { header: 'If-Match' },
    second,
  ])
  expect((await patch(`W/${second}`, 'Weak')).status).toBe(412)
  expect((await patch(`"other", ${second}`, 'Listed')).status).toBe(200)
  expect((await patch('*', 'Any')).status).toBe(200)
  const gone = await send('DELETE', `/roles/${id}`, { headers: { 'if-match': second } })
  expect(gone.status).toBe(412)
  const present = (await owner.get(`/roles/${id}`)).headers.get('etag') ?? ''
  expect((await send('DELETE', `/roles/${id}`, { headers: { 'if-match': present } })).status).toBe(204)
})

test('of many changes to one state at once, one is made', async () => {
  const made = await owner.post('/roles', newRole())
  const { id } = made.body.data
  const headers = { 'if-match': made.headers.get('etag') ?? '' }
  const tries = Array.from({ length: 10 }, (_, n) =>
    send('PATCH', `/roles/${id}`, { body: change('roles', id, { name: `N${n}` }), headers }),
  )
  const statuses = (await Promise.all(tries)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 412)).toHaveLength(9)
})

test('F23 the same POST with the same Idempotency-Key is done once and answered alike, secret included', async () => {
  const body = resource(
    'api_credentials',
    { name: 'Once', kind: 'sales_channel' },
    { organization: ['organizations', owner.organizationId] },
  )
  const post = () => send('POST', '/api_credentials', { body, headers: { 'idempotency-key': 'key-1' } })
  const replies = [await post(), ...(await Promise.all([post(), post(), post()]))]
  expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1)
  expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201])
  expect(replies.map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true', 'true', 'true'])
  expect(replies[3]?.headers.get('location')).toBe(replies[0]?.headers.get('location'))
  const count = await owner.get('/api_credentials?filter[q][name_eq]=Once')
  expect(count.body.meta.record_count).toBe(1)
  const [kept] = await service.db.knex('idempotency_keys').where({ key: 'key-1' })
  expect(kept.answer).not.toContain(replies[0]?.body.data.attributes.client_secret)
})

test('F23 a key belongs to one request of one caller; a refusal uses none up', async () => {
  const headers = { 'idempotency-key': 'key-2' }
  expect((await send('POST', '/roles', { body: newRole(''), headers })).status).toBe(422)
  expect((await send('POST', '/roles', { body: newRole('Fine'), headers })).status).toBe(201)
  const other = await send('POST', '/roles', { body: newRole('Another'), headers })
  expect([other.status, other.body.errors[0].source]).toEqual([422, { header: 'Idempotency-Key' }])
  const stranger = await anOwner(service)
  const theirs = resource('roles', { name: 'Mine' }, { organization: ['organizations', stranger.organizationId] })
  expect((await send('POST', '/roles', { body: theirs, headers, token: stranger.token })).status).toBe(201)
  expect((await send('POST', '/roles', { body: newRole(), headers: { 'idempotency-key': 'a b' } })).status).toBe(400)
})
