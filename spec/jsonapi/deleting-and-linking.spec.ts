import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { anApplication, anOwner, type Body, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { examine } from './exam.js'

let service: Service
let owner: Owner

const inside = (): [string, string] => ['organizations', owner.organizationId]

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
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

describe('JA-28 relationship endpoints', () => {
  const linkage = (type: string, id: string) => ({ data: { type, id } })

  test('PATCH replaces a to-one', async () => {
    const links = { organization: inside(), role: ['roles', owner.roles.Member] as [string, string] }
    const made = await owner.post(
      '/memberships',
      resource('memberships', { user_email: `${newId()}@example.com` }, links),
    )
    const path = `/memberships/${made.body.data.id}/relationships/role`
    const { status, body } = await owner.patch(path, linkage('roles', String(owner.roles['Read-only'])))
    expect([status, body.data]).toEqual([200, { type: 'roles', id: owner.roles['Read-only'] }])
    expect((await read(`/memberships/${made.body.data.id}/role`)).id).toBe(owner.roles['Read-only'])
    // null clears where that is allowed; a seat without a role is not.
    const cleared = await owner.patch(path, { data: null })
    expect([cleared.status, first(cleared.body).meta]).toEqual([422, { error: 'blank' }])
    expect((await owner.patch(path, linkage('roles', 'AAAAAAAAAA'))).status).toBe(404)
    expect((await owner.patch(path, linkage('permissions', 'AAAAAAAAAA'))).status).toBe(422)
    for (const odd of [{}, { data: [] }, { data: 'x' }, { data: { id: 'x' } }]) {
      expect([odd, (await owner.patch(path, odd)).status]).toEqual([odd, 400])
    }
  })

  test('null clears a to-one that may be empty', async () => {
    const channel = await anApplication(service, owner, 'sales_channel')
    const path = `/api_credentials/${channel.id}/relationships/role`
    const { status, body } = await owner.patch(path, { data: null })
    expect([status, body.data]).toEqual([200, null])
  })

  test('what cannot be changed is 403 in every way, and stays', async () => {
    const { Admin, Member } = owner.roles
    const before = await read(`/roles/${Member}/relationships/permissions`)
    const permissions = `/roles/${Member}/relationships/permissions`
    for (const answer of [
      await owner.patch(`/roles/${Admin}/relationships/organization`, linkage('organizations', owner.organizationId)),
      await owner.patch(permissions, { data: [] }),
      await owner.post(permissions, { data: [before[0]] }),
      await owner.delete(permissions, { data: before }),
      await owner.post(`/roles/${Admin}/relationships/organization`, linkage('organizations', owner.organizationId)),
      await owner.delete(`/roles/${Admin}/relationships/organization`, { data: null }),
    ]) {
      expect([answer.status, first(answer.body).code]).toEqual([403, 'FORBIDDEN'])
    }
    expect(await read(permissions)).toEqual(before)
  })

  test('of what is absent: 404', async () => {
    expect((await owner.patch('/roles/AAAAAAAAAA/relationships/organization', { data: null })).status).toBe(404)
    expect((await owner.patch(`/roles/${owner.roles.Admin}/relationships/shoes`, { data: null })).status).toBe(404)
  })
})

describe('DELETE', () => {
  test('JA-29 is 204 without a body, then 404', async () => {
    const { id } = await aRole()
    const gone = await owner.delete(`/roles/${id}`)
    expect([gone.status, gone.body, gone.headers.get('content-type')]).toEqual([204, undefined, null])
    expect((await owner.delete(`/roles/${id}`)).status).toBe(404)
    expect((await owner.get(`/roles/${id}`)).status).toBe(404)
  })

  test('JA-29 is 200 with meta where there is something to tell; 423 while in use', async () => {
    const role = await aRole()
    await anApplication(service, owner, 'integration', { roleId: role.id })
    const locked = await owner.delete(`/roles/${role.id}`)
    expect([locked.status, first(locked.body).code]).toEqual([423, 'LOCKED'])
    const { status, body } = await owner.delete(`/roles/${role.id}?reassign_to=${owner.roles['Read-only']}`)
    examine(body)
    expect([status, body]).toEqual([
      200,
      { meta: { reassigned: { memberships: 0, api_credentials: 1, application_memberships: 0 } } },
    ])
  })
})

describe('JA-30 all or nothing', () => {
  test('a trigger that fails takes the changes back, and leaves no version', async () => {
    const { Admin } = owner.roles
    const [before, versions] = [await read(`/roles/${Admin}`), (await owner.get(`/roles/${Admin}/versions`)).body.meta]
    const attributes = { reference: 'half done', _add_missing_base_permissions: true }
    expect((await owner.patch(`/roles/${Admin}`, change('roles', String(Admin), attributes))).status).toBe(422)
    expect(await read(`/roles/${Admin}`)).toEqual(before)
    expect((await owner.get(`/roles/${Admin}/versions`)).body.meta).toEqual(versions)
  })

  test('one bad field of several: nothing is written', async () => {
    const made = await aRole()
    const body = change('roles', made.id, { name: 'Good', reference: 5 })
    expect((await owner.patch(`/roles/${made.id}`, body)).status).toBe(422)
    expect(await read(`/roles/${made.id}`)).toEqual(made)
  })

  test('a reassignment that is refused moves nobody', async () => {
    const [role, replacement] = [await aRole(), 'AAAAAAAAAA']
    const { id } = await anApplication(service, owner, 'integration', { roleId: role.id })
    expect((await owner.delete(`/roles/${role.id}?reassign_to=${replacement}`)).status).toBe(404)
    expect((await read(`/api_credentials/${id}/role`)).id).toBe(role.id)
  })

  test('a write whose answer is refused for its query is not done', async () => {
    const name = newId()
    const body = resource('roles', { name }, { organization: inside() })
    expect((await owner.post('/roles?include=shoes', body)).status).toBe(400)
    expect((await owner.post('/roles?fields[shoes]=size', body)).status).toBe(400)
    expect((await owner.get(`/roles?filter[q][name_eq]=${name}`)).body.meta.record_count).toBe(0)
  })
})
