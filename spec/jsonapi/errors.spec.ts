import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anOwner, type Body, call, type Owner, type Reply, resource } from '../support/api.js'
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

/** Looks a JSON pointer up (RFC 6901). */
function pointed(document: unknown, pointer: string): unknown {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return keys.reduce<Body>((at, key) => (at === undefined || at === null ? undefined : at[key]), document)
}

describe('errors', () => {
  const BODIES: [string, unknown][] = [
    ['data of another kind', { data: 'x' }],
    ['data that is a list', { data: [{ type: 'roles' }] }],
    ['no data', { meta: {} }],
    ['an unknown member', { data: { type: 'roles' }, 'a/b~c': 1 }],
    ['a type that is no text', { data: { type: 1 } }],
    ['attributes of another kind', { data: { type: 'roles', attributes: [] } }],
    ['relationships of another kind', { data: { type: 'roles', relationships: 'x' } }],
    ['a relationship of another kind', { data: { type: 'roles', relationships: { organization: 'x' } } }],
    ['a relationship without data', { data: { type: 'roles', relationships: { organization: {} } } }],
    ['linkage of another kind', { data: { type: 'roles', relationships: { organization: { data: 'x' } } } }],
    [
      'J13 an id that is an object',
      { data: { type: 'roles', relationships: { organization: { data: { type: 'organizations', id: { a: 1 } } } } } },
    ],
    [
      'J13 an id that is a list',
      { data: { type: 'roles', relationships: { organization: { data: { type: 'organizations', id: ['x'] } } } } },
    ],
    ['a list for a to-one', { data: { type: 'roles', relationships: { organization: { data: [] } } } }],
    [
      'another type in a link',
      { data: { type: 'roles', relationships: { organization: { data: { type: 'roles', id: 'AAAAAAAAAA' } } } } },
    ],
    [
      'J13 a name that is an object',
      { data: { type: 'roles', attributes: { name: { a: 1 }, reference: ['x'], metadata: 'x' } } },
    ],
    ['J13 a name that is a list', { data: { type: 'roles', attributes: { name: ['x'], reference: 1, metadata: [] } } }],
    [
      'J13 numbers, booleans, null',
      { data: { type: 'roles', attributes: { name: 1, reference: true, metadata: null } } },
    ],
    ['unknown fields', { data: { type: 'roles', attributes: { name: 'x', 'a/b': 1, 'c~d': 2, '': 3 } } }],
    ['J14 a text without end', { data: { type: 'roles', attributes: { name: 'x'.repeat(500_000) } } }],
    ['J14 NUL', { data: { type: 'roles', attributes: { name: 'a\u0000b' } } }],
    [
      'J14 half a surrogate pair',
      { data: { type: 'roles', attributes: { name: 'a\ud800b', metadata: { a: '\udc00' } } } },
    ],
    ['J14 NUL in a name', { data: { type: 'roles', attributes: { metadata: { 'a\u0000': 1 } } } }],
  ]

  test.each(BODIES)('JA-31 JA-32 %s: every entry is whole and points at something', async (_what, document) => {
    const { status, body } = await write({ 'content-type': OURS }, JSON.stringify(document))
    expect([400, 404, 409, 422]).toContain(status)
    examine(body)
    for (const error of body.errors) {
      expect(error).toMatchObject({ status: String(status), code: expect.any(String), title: expect.any(String) })
      expect(error.detail).toMatch(/\w+ /)
      const { pointer } = error.source ?? {}
      // The contract points at a field that should be there as well (CONTRACT 2.6).
      if (pointer !== undefined && error.meta?.error !== 'blank') expect(pointed(document, pointer)).toBeDefined()
    }
  })

  test('JA-32 all problems come at once, under one status', async () => {
    const attributes = { name: '', reference: 1, metadata: [], kind: 'admin', shoes: 1 }
    const { status, body } = await write(
      { 'content-type': OURS },
      JSON.stringify({ data: { type: 'roles', attributes } }),
    )
    expect(status).toBe(422)
    expect(body.errors.map(({ source }: Body) => source.pointer).sort()).toEqual([
      '/data/attributes/kind',
      '/data/attributes/metadata',
      '/data/attributes/name',
      '/data/attributes/reference',
      '/data/attributes/shoes',
      '/data/relationships/organization',
    ])
  })

  test.each([
    ['JA-34 malformed JSON', '{"data":'],
    ['JA-34 two documents', '{} {}'],
    ['JA-34 a list', '[]'],
    ['JA-34 a text', '"data"'],
    ['JA-34 null', 'null'],
    ['JA-34 a number', '1'],
    ['JA-34 a comment', '{"data":{"type":"roles"/* */}}'],
    ['J14 nested 100 000 deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['J14 nested 80 000 objects deep', `${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}`],
    ['J14 a number beyond all', '{"data":{"type":"roles","attributes":{"name":"x","metadata":{"n":1e999}}}}'],
    ['J14 __proto__', '{"data":{"type":"roles","attributes":{"__proto__":{"name":"x"}}}}'],
    ['J14 __proto__ in metadata', '{"data":{"type":"roles","attributes":{"metadata":{"__proto__":{"a":1}}}}}'],
  ])('%s: 400', async (_what, body) => {
    const reply = await write({ 'content-type': OURS }, body)
    expect([reply.status, reply.body.errors[0].code]).toEqual([400, 'BAD_REQUEST'])
  })

  test('JA-34 no body at all: 400', async () => {
    const { status, body } = await send('/roles', { method: 'POST', headers: { 'content-type': OURS } })
    expect([status, body.errors[0].code]).toEqual([400, 'BAD_REQUEST'])
  })

  test('J14 of the same member twice the last counts, everywhere', async () => {
    const name = newId()
    const body = aRole(name).replace('"attributes":{', '"attributes":{"name":"first",')
    expect((await write({ 'content-type': OURS }, body)).body.data.attributes.name).toBe(name)
  })

  test('J14 a body of 10 MB: 413', async () => {
    const { status, body } = await write({ 'content-type': OURS }, aRole('x'.repeat(10_000_000)))
    expect([status, body.errors[0].code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  test('JA-33 authentication, route, method and validation fail as JSON:API errors', async () => {
    for (const { body } of [
      await call(service, '/api/roles'),
      await call(service, '/api/roles', { headers: { authorization: 'Bearer x.y.z' } }),
      await send('/nothing/at/all'),
      await send('/roles', { method: 'DELETE' }),
      await send('/roles/AAAAAAAAAA/relationships/permissions', { method: 'PUT' }),
    ]) {
      examine(body)
      expect(body.errors).toHaveLength(1)
      expect(typeof body.errors[0].status).toBe('string')
    }
  })

  test('J20 no stack, statement, path, version or table name is ever told', async () => {
    const replies = [
      await send('/roles?filter[q][created_at_gt]=0000-01-01'),
      await send(`/roles?filter[q][name_matches]=${encodeURIComponent('\\')}`),
      await send('/roles?sort=name%27'),
      await write({ 'content-type': OURS }, '{"data":'),
      await write(
        { 'content-type': OURS },
        JSON.stringify(resource('roles', { name: 'x' }, { organization: ['organizations', "'; select 1"] })),
      ),
    ]
    for (const { status, body, headers } of replies) {
      expect(status).toBeLessThan(500)
      const told = JSON.stringify([body, [...headers]])
      expect(told).not.toMatch(
        /node_modules|\.ts\b|\.js\b|\bat \w+ \(|select "|postgres|knex|express|SQLSTATE|gatehouse_api|syntax error/i,
      )
    }
  })
})

test.each([
  ['HTML', '<script>alert(1)</script>'],
  ['a formula', '=cmd|"/c calc"!A1'],
  ['control characters', 'a\u0007\u001b[31m\r\nX-Injected: 1'],
  ['right-to-left', '\u202eevil\u202c'],
  ['quotes', `"'\`\\`],
  ['other planes', '💥𐍈\u200b'],
])('J19 %s goes in and comes back as data only', async (_what, name) => {
  const made = await write({ 'content-type': OURS }, aRole(name))
  expect([made.status, made.body.data.attributes.name]).toEqual([201, name])
  const { body } = await owner.get(`/roles?filter[q][name_eq]=${encodeURIComponent(name)}`)
  expect(body.data.map(({ id }: Body) => id)).toContain(made.body.data.id)
  const refused = await owner.get(`/roles?sort=${encodeURIComponent(name)}`)
  expect([refused.status, refused.headers.get('content-type'), refused.headers.get('x-injected')]).toEqual([
    400,
    OURS,
    null,
  ])
})
