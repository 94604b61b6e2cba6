import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type Api,
  aMember,
  anApplication,
  anOwner,
  api,
  call,
  change,
  type Owner,
  type Reply,
  resource,
} from '../support/api.js'
import { contractAssertion, GRANT_TYPE } from '../support/assertions.js'
import { type Service, startService } from '../support/service.js'
import { make } from '../support/shop.js'

// What access a seat shows is a grant, whether the seat itself says it or its profile: nobody changes their own, and only
// an owner an owner's (DECISIONS 3, "nobody edits their own grants"; ATTACKS J8, T15).

type Access = 'live_access' | 'test_access' | 'all_access'

let service: Service
let owner: Owner
let ownerSeat: string
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  ownerSeat = (await owner.get('/memberships?filter[q][owner_true]=true')).body.data[0].id
})
afterAll(() => service.stop())

const admin = () => aMember(service, owner, owner.roles.Admin as string)
const aProfile = async (access_scope: Access): Promise<string> =>
  (await make(owner, 'membership_profiles', { attributes: { name: 'P', access_scope } })).id
const give = (by: Api, seat: string, profile: string | null): Promise<Reply> =>
  by.patch(`/memberships/${seat}/relationships/membership_profile`, {
    data: profile === null ? null : { type: 'membership_profiles', id: profile },
  })
const setAccess = (by: Api, path: 'memberships' | 'membership_profiles', id: string, access_scope: Access) =>
  by.patch(`/${path}/${id}`, change(path, id, { access_scope }))
const shown = async (seat: string): Promise<Access> =>
  (await owner.get(`/memberships/${seat}`)).body.data.attributes.access_scope
const statuses = (replies: readonly Reply[]) => replies.map(({ status }) => status)

async function aRole(subject: string): Promise<string> {
  const { id } = await make(owner, 'roles', { attributes: { name: subject } })
  const listed = await owner.get(`/roles/${id}/permissions?filter[q][subject_eq]=${subject}`)
  const permission: string = listed.body.data[0].id
  const flags = { can_create: true, can_read: true, can_update: true, can_destroy: true }
  expect((await owner.patch(`/permissions/${permission}`, change('permissions', permission, flags))).status).toBe(200)
  return id
}

/** A caller with a token of a person's webapp, which has named a user. */
async function asNamedBy(person: Api, userId: string): Promise<Api> {
  const links = { organization: ['organizations', owner.organizationId] as [string, string] }
  const attributes = { name: 'w', kind: 'webapp', redirect_uri: 'https://a.example/cb' }
  const { client_id, client_secret } = (
    await person.post('/api_credentials', resource('api_credentials', attributes, links))
  ).body.data.attributes
  const assertion = await contractAssertion({ owner: { type: 'User', id: userId } })
  const form = { grant_type: GRANT_TYPE, client_id, client_secret, assertion, scope: 'provisioning-api' }
  const headers = { 'content-type': 'application/json' }
  const { body } = await call(service, '/oauth/token', { method: 'POST', headers, body: JSON.stringify(form) })
  return api(service, body.access_token)
}

test('nobody but an owner changes an owner’s access by way of a profile', async () => {
  const [all, tests] = [await aProfile('all_access'), await aProfile('test_access')]
  const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  const person = await admin()
  const clerk = await aMember(service, owner, await aRole('membership_profiles'))
  const named = await asNamedBy(person, owner.userId)
  for (const by of [person, machine, named]) expect((await give(by, ownerSeat, tests)).status).toBe(403)
  expect((await give(owner, ownerSeat, all)).status).toBe(200)
  const from = `/membership_profiles/${all}`
  for (const by of [person, machine, named, clerk]) {
    const tried = [
      await setAccess(by, 'membership_profiles', all, 'test_access'),
      await by.delete(`${from}?reassign_to=${tests}`),
      await give(by, ownerSeat, null),
    ]
    expect(statuses(tried)).toEqual([403, 403, 403])
  }
  expect(await shown(ownerSeat)).toBe('all_access')
  expect((await give(owner, ownerSeat, null)).status).toBe(200)
})

test('a profile that a higher seat has is not changed from below', async () => {
  const clerk = await aMember(service, owner, await aRole('membership_profiles'))
  const [all, tests] = [await aProfile('all_access'), await aProfile('test_access')]
  expect((await setAccess(clerk, 'membership_profiles', all, 'live_access')).status).toBe(200)
  expect((await give(owner, (await admin()).membershipId, all)).status).toBe(200)
  expect((await setAccess(clerk, 'membership_profiles', all, 'test_access')).status).toBe(403)
  expect((await clerk.delete(`/membership_profiles/${all}?reassign_to=${tests}`)).status).toBe(403)
})

test('nobody changes their own access by way of a profile', async () => {
  const person = await admin()
  const [live, all, other] = [await aProfile('live_access'), await aProfile('all_access'), await aProfile('all_access')]
  const seat = person.membershipId
  expect((await give(person, seat, all)).status).toBe(403)
  expect((await give(person, seat, live)).status).toBe(200)
  expect((await setAccess(person, 'membership_profiles', live, 'all_access')).status).toBe(403)
  expect((await person.delete(`/membership_profiles/${live}?reassign_to=${all}`)).status).toBe(403)
  // What would come back once the profile is gone.
  expect((await setAccess(person, 'memberships', seat, 'live_access')).status).toBe(403)
  expect((await setAccess(owner, 'memberships', seat, 'test_access')).status).toBe(200)
  expect((await give(person, seat, null)).status).toBe(403)
  expect(await shown(seat)).toBe('live_access')
  expect((await give(owner, seat, all)).status).toBe(200)
  expect((await give(person, seat, other)).status).toBe(200)
})

test('an owner, whom nobody else may help, changes their own access, but not to the test mode only', async () => {
  const tests = await aProfile('test_access')
  const used = await aProfile('live_access')
  expect((await give(owner, ownerSeat, used)).status).toBe(200)
  const tried = [
    await give(owner, ownerSeat, tests),
    await setAccess(owner, 'membership_profiles', used, 'test_access'),
    await setAccess(owner, 'memberships', ownerSeat, 'test_access'),
    await owner.delete(`/membership_profiles/${used}?reassign_to=${tests}`),
  ]
  expect(statuses(tried)).toEqual([403, 403, 403, 403])
  expect((await setAccess(owner, 'membership_profiles', used, 'all_access')).status).toBe(200)
  expect((await give(owner, ownerSeat, null)).status).toBe(200)
  // As it may have come about by a transfer to a seat for tests.
  const shut = { membership_profile_id: tests, access_scope: 'test_access' }
  await service.db.knex('memberships').where({ id: ownerSeat }).update(shut)
  await service.parts.revocations.refresh()
  expect(await shown(ownerSeat)).toBe('test_access')
  expect((await setAccess(owner, 'memberships', ownerSeat, 'all_access')).status).toBe(200)
  expect((await give(owner, ownerSeat, null)).status).toBe(200)
  expect(await shown(ownerSeat)).toBe('all_access')
})
