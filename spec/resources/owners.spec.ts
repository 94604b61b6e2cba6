import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aMember, anOwner, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

// The last owner can never be lost, by any route, however concurrent (DECISIONS 3; ATTACKS J11).

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

const seatOf = async (owner: Owner): Promise<string> =>
  (await owner.get(`/organizations/${owner.organizationId}/memberships?filter[q][owner_true]=1`)).body.data[0].id

test('J11 the last owner neither leaves nor is removed nor demoted', async () => {
  const owner = await anOwner(service)
  const admin = await aMember(service, owner, owner.roles.Admin as string)
  const seat = await seatOf(owner)
  const lower = change('memberships', seat, {}, { role: ['roles', owner.roles.Member as string] })
  const attempts = [
    await owner.delete(`/memberships/${seat}`),
    await admin.delete(`/memberships/${seat}`),
    await admin.patch(`/memberships/${seat}`, lower),
    await owner.patch(`/memberships/${seat}`, lower),
    await admin.patch(`/memberships/${seat}/relationships/role`, { data: { type: 'roles', id: owner.roles.Member } }),
  ]
  for (const { status, body } of attempts) expect([status, body.errors[0].code]).toEqual([409, 'LAST_OWNER'])
  expect((await owner.get(`/memberships/${seat}`)).body.data.attributes.owner).toBe(true)
})

test('J11 the database holds the line where the code does not look', async () => {
  const owner = await anOwner(service)
  const seat = await seatOf(owner)
  for (const statement of [
    'update memberships set owner = false where id = ?',
    'delete from memberships where id = ?',
  ]) {
    await expect(service.db.knex.raw(statement, [seat])).rejects.toMatchObject({ constraint: 'memberships_last_owner' })
  }
})

test('J11 two owners who remove each other at once leave one', async () => {
  for (let round = 0; round < 5; round += 1) {
    const owner = await anOwner(service)
    const second = await aMember(service, owner, owner.roles.Admin as string)
    await service.db.knex('memberships').where({ id: second.membershipId }).update({ owner: true })
    const first = await seatOf(owner)
    await service.parts.revocations.refresh()
    const mine = first === second.membershipId ? undefined : first
    const replies = await Promise.all([
      owner.delete(`/memberships/${second.membershipId}`),
      second.delete(`/memberships/${mine}`),
    ])
    const left = await service.db.knex('memberships').where({ organization_id: owner.organizationId, owner: true })
    expect(left).toHaveLength(1)
    expect(replies.map(({ status }) => status).filter((status) => status < 300)).toHaveLength(1)
    expect(replies.every(({ status }) => status < 500)).toBe(true)
  }
})

test('ownership is transferred by the owner to an active member, who becomes an admin', async () => {
  const owner = await anOwner(service)
  const member = await aMember(service, owner, owner.roles.Member as string)
  const path = `/organizations/${owner.organizationId}/transfer_ownership`
  const to = (email: string) => ({
    data: { type: 'organizations', id: owner.organizationId, attributes: { new_owner_email: email } },
  })
  expect((await member.patch(path, to(member.email))).status).toBe(403)
  const stranger = await owner.patch(path, to('nobody@example.com'))
  expect([stranger.status, stranger.body.errors[0].source]).toEqual([
    422,
    { pointer: '/data/attributes/new_owner_email' },
  ])
  expect((await owner.patch(path, { data: {} })).status).toBe(422)
  const done = await owner.patch(path, { data: { new_owner_email: member.email.toUpperCase() } })
  expect([done.status, done.body]).toEqual([202, undefined])
  const seats = (await owner.get(`/organizations/${owner.organizationId}/memberships?include=role`)).body
  const row = (email: string) =>
    seats.data.find((one: { attributes: { user_email: string } }) => one.attributes.user_email === email)
  expect([row(member.email).attributes.owner, row(owner.email).attributes.owner]).toEqual([true, false])
  expect(row(member.email).relationships.role.data.id).toBe(owner.roles.Admin)
  expect((await owner.patch(path, to(owner.email))).status).toBe(403)
})

test('only the owner deletes an organization, confirmed by its slug; then nothing of it answers and its tokens are dead', async () => {
  const owner = await anOwner(service)
  const admin = await aMember(service, owner, owner.roles.Admin as string)
  const slug = owner.organization.attributes.slug
  const path = `/organizations/${owner.organizationId}`
  expect((await admin.delete(path, { meta: { confirm: slug } })).status).toBe(403)
  const unsure = await owner.delete(path)
  expect([unsure.status, unsure.body.errors[0].source]).toEqual([422, { pointer: '/meta/confirm' }])
  const { anApplication, call } = await import('../support/api.js')
  const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  expect((await owner.delete(path, { meta: { confirm: slug } })).status).toBe(204)
  expect((await owner.get(path)).status).not.toBe(200)
  expect((await admin.get('/memberships')).status).toBe(403)
  expect((await machine.get('/organization')).status).toBe(401)
  const form = { grant_type: 'client_credentials', client_id: machine.clientId, client_secret: machine.clientSecret }
  const headers = { 'content-type': 'application/json' }
  expect((await call(service, '/oauth/token', { method: 'POST', headers, body: JSON.stringify(form) })).status).toBe(
    401,
  )
})

test('a slug is never used again, and a reserved word is no slug', async () => {
  const [one, two] = [await anOwner(service, 'Twice Used'), await anOwner(service, 'Twice Used')]
  expect(one.organization.attributes.slug).toBe('twice-used')
  expect(two.organization.attributes.slug).toMatch(/^twice-used-[0-9a-f]{6}$/)
  const reserved = await one.post('/organizations', resource('organizations', { name: 'Auth' }))
  expect(reserved.body.data.attributes.slug).toMatch(/^auth-[0-9a-f]{6}$/)
  expect(reserved.body.data.attributes.domain).toBe(`${reserved.body.data.attributes.slug}.gatehouse.test`)
})
