import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anOwner, type Body, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { examine } from './exam.js'

let service: Service
let owner: Owner
let other: Owner

const API = 'https://provisioning.gatehouse.test/api'
const inside = (): [string, string] => ['organizations', owner.organizationId]

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  other = await anOwner(service)
})
afterAll(() => service.stop())

const first = (body: Body): Body => body.errors[0]

async function aRole(attributes: Record<string, unknown> = {}): Promise<Body> {
  const made = await owner.post(
    '/roles',
    resource('roles', { name: newId(), ...attributes }, { organization: inside() }),
  )
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  return made.body.data
}

const read = async (path: string): Promise<Body> => (await owner.get(path)).body.data

describe('POST', () => {
  test('J14 metadata of 32 KiB, sixteen levels deep, is kept; a byte or a level more is refused at the attribute', async () => {
    const answer = async (metadata: unknown) => {
      const { status, body } = await owner.post(
        '/roles',
        resource('roles', { name: newId(), metadata }, { organization: inside() }),
      )
      return [status, status === 201 ? undefined : first(body).source]
    }
    const long = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) })
    const deep = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
    expect([await answer(long(32_768)), await answer(deep(16))]).toEqual([
      [201, undefined],
      [201, undefined],
    ])
    const refused = [422, { pointer: '/data/attributes/metadata' }]
    expect([await answer(long(32_769)), await answer(deep(17))]).toEqual([refused, refused])
  })

  test.each([
    ['api_credentials', { name: 'x', kind: 'webapp', redirect_uri: 'http://example.com' }, 'redirect_uri', 'https://'],
    [
      'api_credentials',
      { name: 'x', kind: 'webapp', redirect_uris: ['https://a.example.com', 'https://a.example.com/*'] },
      'redirect_uris/1',
      'no *',
    ],
    [
      'api_credentials',
      { name: 'x', kind: 'sales_channel', scopes: 'market:all orders:read' },
      'scopes',
      'orders:read',
    ],
    ['markets', { name: 'x', code: 'a b' }, 'code', 'letters, digits'],
  ])('an invalid value of %s %j is told at /%s with the rule: %s', async (type, attributes, at, rule) => {
    const { status, body } = await owner.post(`/${type}`, resource(type, attributes, { organization: inside() }))
    const error = body.errors.find(({ source }: Body) => source.pointer === `/data/attributes/${at}`)
    expect([status, error?.detail, error?.meta.error]).toEqual([422, expect.stringContaining(rule), 'invalid'])
  })

  test('JA-22 without a type: 400', async () => {
    const body = { data: { attributes: { name: 'x' } } }
    const answer = await owner.post('/roles', body)
    expect([answer.status, first(answer.body).source]).toEqual([400, { pointer: '/data' }])
  })

  test.each(['role', 'Roles', 'permissions', 'organizations'])('JA-22 with the wrong type %s: 409', async (type) => {
    const answer = await owner.post('/roles', resource(type, { name: 'x' }, { organization: inside() }))
    expect([answer.status, first(answer.body).code, first(answer.body).source]).toEqual([
      409,
      'TYPE_MISMATCH',
      { pointer: '/data/type' },
    ])
  })

  test('JA-22 with an id of the client: 403, whether it exists or not', async () => {
    for (const id of ['AAAAAAAAAA', owner.roles.Admin as string]) {
      const answer = await owner.post('/roles', change('roles', id, { name: 'x' }, { organization: inside() }))
      expect([answer.status, first(answer.body).source]).toEqual([403, { pointer: '/data/id' }])
    }
    expect((await read(`/roles/${owner.roles.Admin}`)).attributes.name).toBe('Admin')
  })

  test('JA-23 is 201 with the resource, and Location is its self link', async () => {
    const { status, headers, body } = await owner.post(
      '/roles',
      resource('roles', { name: 'Located' }, { organization: inside() }),
    )
    examine(body)
    expect([status, headers.get('location')]).toEqual([201, `${API}/roles/${body.data.id}`])
    expect(body.data.links.self).toBe(headers.get('location'))
    expect(await read(`/roles/${body.data.id}`)).toEqual(body.data)
  })

  test('JA-24 naming what does not exist, or what is somebody else’s: the same 404 at the relationship', async () => {
    const organization = { organization: ['organizations', 'AAAAAAAAAA'] as [string, string] }
    const theirs = { organization: ['organizations', other.organizationId] as [string, string] }
    const answers = [
      await owner.post('/roles', resource('roles', { name: 'x' }, organization)),
      await owner.post('/roles', resource('roles', { name: 'x' }, theirs)),
    ]
    for (const { status, body } of answers) {
      expect([status, first(body).code, first(body).source]).toEqual([
        404,
        'RECORD_NOT_FOUND',
        { pointer: '/data/relationships/organization' },
      ])
    }
    expect(answers[0]?.body).toEqual(answers[1]?.body)
  })

  test('accepts what the clients leave out: attributes, relationships, a Content-Type parameter', async () => {
    const answer = await owner.post('/roles', { data: { type: 'roles' } })
    expect([answer.status, answer.body.errors.length]).toEqual([422, 2])
  })
})

describe('PATCH', () => {
  test('JA-25 without type or id: 400; with another id: 409', async () => {
    const { id } = await aRole()
    const bodies = [
      { data: { id, attributes: {} } },
      { data: { type: 'roles', attributes: {} } },
      change('roles', 'AAAAAAAAAA', { name: 'x' }),
      change('permissions', id, {}),
    ]
    const answers = await Promise.all(bodies.map((body) => owner.patch(`/roles/${id}`, body)))
    expect(answers.map(({ status, body }) => [status, first(body).code])).toEqual([
      [400, 'BAD_REQUEST'],
      [400, 'BAD_REQUEST'],
      [409, 'KEY_NOT_INCLUDED_IN_URL'],
      [409, 'TYPE_MISMATCH'],
    ])
  })

  test('JA-25 the user alone is patched without an id, and never with another', async () => {
    expect((await owner.patch('/user', resource('users', { last_name: 'King' }))).status).toBe(200)
    expect((await owner.patch('/user', change('users', owner.userId, { last_name: 'Noel' }))).status).toBe(200)
    const answer = await owner.patch('/user', change('users', other.userId, { last_name: 'Mallory' }))
    expect([answer.status, first(answer.body).code]).toEqual([409, 'KEY_NOT_INCLUDED_IN_URL'])
  })

  test('JA-25 what is not sent keeps its value; null clears what may be null', async () => {
    const made = await aRole({ reference: 'r', reference_origin: 'o', metadata: { a: 1 } })
    const renamed = await owner.patch(`/roles/${made.id}`, {
      data: { type: 'roles', id: made.id, attributes: { name: 'n' } },
    })
    expect(renamed.body.data.attributes).toMatchObject({
      name: 'n',
      reference: 'r',
      reference_origin: 'o',
      metadata: { a: 1 },
    })
    const cleared = await owner.patch(
      `/roles/${made.id}`,
      change('roles', made.id, { reference: null, metadata: null }),
    )
    expect(cleared.body.data.attributes).toMatchObject({
      name: 'n',
      reference: null,
      reference_origin: 'o',
      metadata: {},
    })
    const blank = await owner.patch(`/roles/${made.id}`, change('roles', made.id, { name: null }))
    expect([blank.status, first(blank.body).meta]).toEqual([422, { error: 'blank' }])
  })

  test('JA-26 answers 200 with the resource, its new time included', async () => {
    const made = await aRole()
    const { status, body } = await owner.patch(`/roles/${made.id}`, change('roles', made.id, { reference: 'new' }))
    expect(status).toBe(200)
    expect(body.data).toEqual(await read(`/roles/${made.id}`))
    expect(body.data.attributes.updated_at > made.attributes.updated_at).toBe(true)
    const same = await owner.patch(`/roles/${made.id}`, change('roles', made.id))
    expect([same.status, same.body.data]).toEqual([200, body.data])
  })

  test('JA-26 of what is absent: 404; of what takes no updates: refused', async () => {
    expect((await owner.patch('/roles/AAAAAAAAAA', change('roles', 'AAAAAAAAAA', {}))).status).toBe(404)
    const [version] = (await owner.get('/versions')).body.data
    const { status, headers } = await owner.patch(
      `/versions/${version.id}`,
      change('versions', version.id, { event: 'x' }),
    )
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })

  test('JA-26 a clash with what must be unique: 409 at the attribute', async () => {
    const links = { organization: inside(), role: ['roles', owner.roles.Member] as [string, string] }
    const seat = (email: string) => owner.post('/memberships', resource('memberships', { user_email: email }, links))
    expect((await seat('once@example.com')).status).toBe(201)
    const { status, body } = await seat('Once@Example.COM')
    expect([status, first(body).code, first(body).source]).toEqual([
      409,
      'RECORD_NOT_UNIQUE',
      { pointer: '/data/attributes/user_email' },
    ])
    const merchant = async (code: string): Promise<Body> => {
      const body = resource('merchants', { name: code, code }, { organization: inside() })
      return (await owner.post('/merchants', body)).body.data
    }
    const [{ id }] = [await merchant('one'), await merchant('two')]
    const taken = await owner.patch(`/merchants/${id}`, change('merchants', id, { code: 'two' }))
    expect([taken.status, first(taken.body).source]).toEqual([409, { pointer: '/data/attributes/code' }])
  })

  test('JA-27 full replacement of a to-many: the whole request is 403 and changes nothing', async () => {
    const made = await aRole()
    const data = {
      type: 'roles',
      id: made.id,
      attributes: { name: 'Sneaked in' },
      relationships: { permissions: { data: [] } },
    }
    const { status, body } = await owner.patch(`/roles/${made.id}`, { data })
    expect([status, first(body).source]).toEqual([403, { pointer: '/data/relationships/permissions' }])
    expect(await read(`/roles/${made.id}`)).toEqual(made)
  })
})
