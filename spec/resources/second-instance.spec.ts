import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type Api,
  aMember,
  anApplication,
  anOwner,
  api,
  type Body,
  call,
  change,
  type Owner,
  resource,
} from '../support/api.js'
import { type Service, startService } from '../support/service.js'

// What is taken away counts for tokens already issued within a second, on an instance that had nothing to do with it
// (ATTACKS T8, T9).

let first: Service
let second: Service
let owner: Owner
beforeAll(async () => {
  first = await startService()
  second = await startService({ db: first.db })
  owner = await anOwner(first)
})
afterAll(async () => {
  await second.stop()
  await first.stop()
})

/** Milliseconds until the other instance answers `status`; it has answered 200 to the same call before. */
async function until(there: Api, path: string, status: number): Promise<number> {
  const begin = performance.now()
  for (;;) {
    const reply = await there.get(path)
    const passed = performance.now() - begin
    if (reply.status === status) return passed
    if (passed > 3000) throw new Error(`still ${reply.status} after ${Math.round(passed)} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function counts(
  there: Api,
  path: string,
  status: number,
  take: () => Promise<{ status: number }>,
): Promise<void> {
  expect((await there.get(path)).status).toBe(200)
  expect((await take()).status).toBeLessThan(300)
  expect(await until(there, path, status)).toBeLessThan(1000)
}

const aRole = async (): Promise<string> =>
  (
    await owner.post(
      '/roles',
      resource('roles', { name: 'R' }, { organization: ['organizations', owner.organizationId] }),
    )
  ).body.data.id

test('T9 a seat removed', async () => {
  const member = await aMember(first, owner, owner.roles.Member as string)
  await counts(api(second, member.token), '/roles', 403, () => owner.delete(`/memberships/${member.membershipId}`))
})

test('T9 a role changed', async () => {
  const member = await aMember(first, owner, owner.roles.Admin as string)
  const lower = change('memberships', member.membershipId, {}, { role: ['roles', owner.roles.Member as string] })
  await counts(api(second, member.token), '/versions', 403, () =>
    owner.patch(`/memberships/${member.membershipId}`, lower),
  )
})

test('T9 a permission flipped', async () => {
  const role = await aRole()
  const member = await aMember(first, owner, role)
  const [permission]: Body[] = (await owner.get(`/roles/${role}/permissions?filter[q][subject_eq]=roles`)).body.data
  const flipped = change('permissions', permission.id, { can_read: false })
  await counts(api(second, member.token), '/roles', 403, () => owner.patch(`/permissions/${permission.id}`, flipped))
})

test('T9 a credential disabled', async () => {
  const machine = await anApplication(first, owner, 'integration', { roleId: owner.roles.Admin as string })
  const off = change('api_credentials', machine.id, { _disable: true })
  await counts(api(second, machine.token), '/roles', 401, () => owner.patch(`/api_credentials/${machine.id}`, off))
})

test('T8 a token revoked', async () => {
  const shop = await anApplication(first, owner, 'sales_channel')
  const body = JSON.stringify({ client_id: shop.clientId, token: shop.token })
  const headers = { 'content-type': 'application/json' }
  await counts(api(second, shop.token), '/application', 401, () =>
    call(first, '/oauth/revoke', { method: 'POST', headers, body }),
  )
})

test('T9 an organization deleted', async () => {
  const other = await anOwner(first)
  const shop = await anApplication(first, other, 'sales_channel')
  const confirm = { meta: { confirm: other.organization.attributes.slug } }
  await counts(api(second, shop.token), '/organization', 401, () =>
    other.delete(`/organizations/${other.organizationId}`, confirm),
  )
})
