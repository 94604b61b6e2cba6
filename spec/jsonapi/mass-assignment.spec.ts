import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anOwner, type Body, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const read = async (path: string): Promise<Body> => (await owner.get(path)).body.data

describe('J6 mass assignment', () => {
  test.each([
    ['roles', { kind: 'admin' }],
    ['roles', { created_at: '2020-01-01T00:00:00Z' }],
    ['roles', { organization_id: 'AAAAAAAAAA' }],
    ['roles', { id: 'AAAAAAAAAA' }],
    ['roles', { permissions: [] }],
    ['roles', { constructor: 1 }],
    ['roles', { toString: 1 }],
    ['roles', { _disable: true }],
    ['organizations', { enterprise: false }],
    ['organizations', { deleted_at: null }],
    ['memberships', { owner: true }],
    ['memberships', { status: 'active' }],
    ['memberships', { user_id: 'AAAAAAAAAA' }],
    ['api_credentials', { client_id: 'mine' }],
    ['api_credentials', { client_secret: 'mine' }],
    ['api_credentials', { created_by: {} }],
  ])('%s do not take %j, on create and on update', async (type, attributes) => {
    const [name] = Object.keys(attributes)
    const [row] = (await owner.get(`/${type}`)).body.data
    const made = await owner.post(`/${type}`, resource(type, attributes))
    const changed = await owner.patch(`/${type}/${row.id}`, change(type, row.id, attributes))
    for (const { status, body } of [made, changed]) {
      const pointers = body.errors.map(({ source }: Body) => source.pointer.split('/').at(-1))
      expect([status, pointers.includes(name)]).toEqual([422, true])
    }
    expect(await read(`/${type}/${row.id}`)).toEqual(row)
  })

  test('members beside attributes are refused, not ignored', async () => {
    for (const extra of [{ owner: true }, { organization_id: 'x' }, { name: 'x' }]) {
      const { status } = await owner.post('/roles', { data: { type: 'roles', ...extra } })
      expect(status).toBe(400)
    }
    expect((await owner.post('/roles', { ...resource('roles', { name: 'x' }), role: 'admin' })).status).toBe(400)
  })
})
