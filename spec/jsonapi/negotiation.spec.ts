import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anOwner, call, type Owner, type Reply, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { examine } from './exam.js'

let service: Service
let owner: Owner

const OURS = 'application/vnd.api+json'

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const send = (path: string, init: RequestInit = {}): Promise<Reply> =>
  call(service, `/api${path}`, { ...init, headers: { authorization: `Bearer ${owner.token}`, ...init.headers } })

const aRole = (name = newId()): string =>
  JSON.stringify(resource('roles', { name }, { organization: ['organizations', owner.organizationId] }))

const write = (headers: Record<string, string>, body = aRole()): Promise<Reply> =>
  send('/roles', { method: 'POST', headers, body })

describe('negotiation', () => {
  test('JA-01 every body is application/vnd.api+json, whatever the status', async () => {
    const replies = [
      await send('/roles'),
      await write({ 'content-type': OURS }),
      await send('/roles?foo=1'),
      await call(service, '/api/roles'),
      await send('/roles/AAAAAAAAAA'),
      await send('/nothing'),
      await send('/roles', { method: 'PUT' }),
      await send('/roles', { headers: { accept: 'text/html' } }),
      await write({ 'content-type': 'text/plain' }),
      await write({ 'content-type': OURS }, '{"data":{"type":"roles"}}'),
    ]
    expect(replies.map(({ status }) => status)).toEqual([200, 201, 400, 401, 404, 404, 405, 406, 415, 422])
    for (const { headers, body } of replies) {
      expect(headers.get('content-type')).toBe(OURS)
      examine(body)
    }
  })

  test.each([
    ['JA-02 a charset', `${OURS}; charset=utf-8`],
    ['JA-02 a version', `${OURS};version=1`],
    ['JA-03 an extension', `${OURS}; ext="https://example.com/ext"`],
    ['JA-03 two extensions', `${OURS}; ext="https://a.example https://b.example"`],
    ['JA-34 J18 another type', 'application/json'],
    ['JA-34 J18 text', 'text/plain'],
    ['JA-34 J18 text that names ours', 'text/plain; application/vnd.api+json'],
    ['JA-34 J18 a form', 'application/x-www-form-urlencoded'],
    ['JA-34 J18 a form with a file', 'multipart/form-data; boundary=x'],
    ['JA-34 J18 a list', `${OURS}, ${OURS}`],
    ['JA-34 J18 almost ours', 'application/vnd.api+json2'],
    ['JA-34 J18 a wildcard', '*/*'],
  ])('%s: 415, and nothing is written', async (_what, type) => {
    const name = newId()
    const { status, body } = await write({ 'content-type': type }, aRole(name))
    expect([status, body.errors[0].code, body.errors[0].source]).toEqual([
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      { header: 'Content-Type' },
    ])
    expect((await owner.get(`/roles?filter[q][name_eq]=${name}`)).body.data).toEqual([])
  })

  test('JA-34 no Content-Type at all: 415', async () => {
    const { status } = await send('/roles', { method: 'POST', body: new TextEncoder().encode(aRole()) })
    expect(status).toBe(415)
  })

  test.each([
    OURS,
    'APPLICATION/vnd.api+JSON',
    `${OURS}; profile="https://example.com/profile"`,
    `${OURS};profile="https://a.example https://b.example"`,
  ])('JA-05 J18 %s is ours, an unknown profile is ignored; validation is not skipped', async (type) => {
    expect((await write({ 'content-type': type })).status).toBe(201)
    expect((await write({ 'content-type': type }, '{"data":{"type":"roles"}}')).status).toBe(422)
  })

  test.each([
    [200, undefined],
    [200, '*/*'],
    [200, OURS],
    [200, `text/html, ${OURS};q=0.5`],
    [200, `${OURS}; charset=utf-8, ${OURS}`],
    [200, `${OURS}; profile="https://example.com/p"`],
    [406, `${OURS}; charset=utf-8`],
    [406, `${OURS}; charset=utf-8, ${OURS}; version=1`],
    [406, `${OURS}; ext="https://example.com/ext"`],
    [406, 'application/json'],
    [406, 'text/html'],
  ])('JA-04 %i for Accept: %s', async (status, accept) => {
    const reply = await send('/roles', accept === undefined ? {} : { headers: { accept } })
    expect([reply.status, reply.headers.get('content-type')]).toEqual([status, OURS])
  })

  test('JA-05 Vary says that the answer depends on Accept', async () => {
    for (const path of ['/roles', '/roles?foo=1', '/nothing']) {
      expect((await send(path)).headers.get('vary')).toMatch(/\baccept\b/i)
    }
  })

  test('what brings no body may call itself what it likes', async () => {
    for (const type of [OURS, 'application/json', 'text/plain', `${OURS}; charset=utf-8`]) {
      expect((await send('/roles', { headers: { 'content-type': type } })).status).toBe(200)
      expect((await send('/roles/AAAAAAAAAA', { method: 'DELETE', headers: { 'content-type': type } })).status).toBe(
        404,
      )
    }
  })
})
