import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { aMember, anOwner, change, type Owner, type Reply, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

// CONTRACT 3.3: where a profile and its seat disagree about test and live, the profile wins, also for what the seat may do.

type Member = Awaited<ReturnType<typeof aMember>>

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const inside = () => ({ organization: ['organizations', owner.organizationId] as [string, string] })
const profileOf = (access_scope: string) => resource('membership_profiles', { name: newId(), access_scope }, inside())
const aProfile = async (scope: string): Promise<string> =>
  (await owner.post('/membership_profiles', profileOf(scope))).body.data.id
const linked = (profile: string | null) => ({
  membership_profile: { data: profile === null ? null : { type: 'membership_profiles', id: profile } },
})
const give = (by: Pick<Owner, 'patch'>, seat: string, profile: string | null): Promise<Reply> =>
  by.patch(`/memberships/${seat}`, { data: { type: 'memberships', id: seat, relationships: linked(profile) } })
const setScope = (by: Pick<Owner, 'patch'>, type: 'memberships' | 'membership_profiles', id: string, scope: string) =>
  by.patch(`/${type}/${id}`, change(type, id, { access_scope: scope }))

/** An admin whose seat says one thing and whose profile another. */
async function anAdmin(seat: string, scope: string): Promise<{ member: Member; profile: string }> {
  const member = await aMember(service, owner, owner.roles.Admin as string)
  const profile = await aProfile(scope)
  await setScope(owner, 'memberships', member.membershipId, seat)
  expect((await give(owner, member.membershipId, profile)).status).toBe(200)
  return { member, profile }
}

async function makesLive(member: Member): Promise<number> {
  const attributes = { name: newId(), kind: 'sales_channel', mode: 'live' }
  return (await member.post('/api_credentials', resource('api_credentials', attributes, inside()))).status
}

test('a profile for tests closes the live mode to a live seat, and one for all opens it to a seat for tests', async () => {
  const closed = await anAdmin('live_access', 'test_access')
  const open = await anAdmin('test_access', 'all_access')
  expect([await makesLive(closed.member), await makesLive(open.member)]).toEqual([403, 201])
})

test('a change of the profile counts at once for those who have it', async () => {
  const { member, profile } = await anAdmin('live_access', 'all_access')
  expect(await makesLive(member)).toBe(201)
  await setScope(owner, 'membership_profiles', profile, 'test_access')
  expect(await makesLive(member)).toBe(403)
  await setScope(owner, 'membership_profiles', profile, 'live_access')
  expect(await makesLive(member)).toBe(201)
})

test('whose seat opens the test mode only gives no more by a profile, and takes none away that gives less', async () => {
  const { member } = await anAdmin('live_access', 'test_access')
  const [live, tests, used] = [
    await aProfile('live_access'),
    await aProfile('test_access'),
    await aProfile('test_access'),
  ]
  const seat = (await aMember(service, owner, owner.roles.Member as string)).membershipId
  const holder = (await aMember(service, owner, owner.roles.Member as string)).membershipId
  await give(owner, holder, used)
  const role = ['roles', owner.roles.Member as string] as [string, string]
  const invited = (profile: string) => {
    const attributes = { user_email: `${newId().toLowerCase()}@example.com`, access_scope: 'test_access' }
    const links = { ...inside(), role, membership_profile: ['membership_profiles', profile] as [string, string] }
    return member.post('/memberships', resource('memberships', attributes, links))
  }
  const moved = (to: string) => member.delete(`/membership_profiles/${used}?reassign_to=${to}`)

  const refused = [
    await member.post('/membership_profiles', profileOf('live_access')),
    await setScope(member, 'membership_profiles', tests, 'all_access'),
    await give(member, seat, live),
    await give(member, holder, null),
    await invited(live),
    await moved(live),
  ]
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403))
  const allowed = [
    await member.post('/membership_profiles', profileOf('test_access')),
    await give(member, seat, tests),
    await invited(tests),
    await moved(tests),
  ]
  expect(allowed.map(({ status }) => status)).toEqual([201, 200, 201, expect.any(Number)])
  expect(allowed[3]?.status).toBeLessThan(300)
})
