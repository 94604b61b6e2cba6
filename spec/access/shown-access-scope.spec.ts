import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { aMember, anOwner, type Body, change, type Owner, resource } from '../support/api.js'
import { startRealService } from '../support/real-service.js'
import type { Service } from '../support/service.js'

// What a seat shows as its access scope is a copy: triggers keep it, whoever changes the seat or its profile.

jest.setTimeout(60_000)

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startRealService()
  owner = await anOwner(service)
}, 60_000)
afterAll(() => service.stop())

type Scope = 'live_access' | 'test_access' | 'all_access'

async function aProfile(scope: Scope): Promise<string> {
  const link = { organization: ['organizations', owner.organizationId] as [string, string] }
  const attributes = { name: `Profile ${scope}`, access_scope: scope }
  return (await owner.post('/membership_profiles', resource('membership_profiles', attributes, link))).body.data.id
}

const aSeat = async (): Promise<string> => (await aMember(service, owner, owner.roles.Member as string)).membershipId

/** The seat's scope, and in which lists it is found by it. */
async function shown(seat: string): Promise<[Scope, boolean, Scope[]]> {
  const { attributes } = (await owner.get(`/memberships/${seat}`)).body.data
  const found: Scope[] = []
  for (const scope of ['live_access', 'test_access', 'all_access'] as const) {
    const { data } = (await owner.get(`/memberships?page[size]=100&filter[q][access_scope_eq]=${scope}`)).body
    if (data.some(({ id }: Body) => id === seat)) found.push(scope)
  }
  return [attributes.access_scope, attributes.test_enabled, found]
}

const give = (seat: string, profile: string | null) =>
  service.db.knex('memberships').where({ id: seat }).update({ membership_profile_id: profile })

test('the profile wins over the seat for as long as it is there', async () => {
  const [seat, profile] = [await aSeat(), await aProfile('test_access')]
  expect(await shown(seat)).toEqual(['live_access', false, ['live_access']])
  await give(seat, profile)
  expect(await shown(seat)).toEqual(['test_access', true, ['test_access']])
  const changed = await owner.patch(
    `/membership_profiles/${profile}`,
    change('membership_profiles', profile, { access_scope: 'all_access' }),
  )
  expect(changed.status).toBe(200)
  expect(await shown(seat)).toEqual(['all_access', true, ['all_access']])
  await give(seat, null)
  expect(await shown(seat)).toEqual(['live_access', false, ['live_access']])
})

test('a profile that is given and changed at once leaves no seat with what it was', async () => {
  const [seat, profile] = [await aSeat(), await aProfile('test_access')]
  const first = await service.db.knex.transaction()
  await first('memberships').where({ id: seat }).update({ membership_profile_id: profile })
  let changed = false
  const second = service.db
    .knex('membership_profiles')
    .where({ id: profile })
    .update({ access_scope: 'all_access' })
    .then(() => {
      changed = true
    })
  await new Promise((later) => setTimeout(later, 300))
  expect(changed).toBe(false)
  await first.commit()
  await second
  expect((await shown(seat))[0]).toBe('all_access')

  const other = await aSeat()
  const third = await service.db.knex.transaction()
  await third('membership_profiles').where({ id: profile }).update({ access_scope: 'live_access' })
  const fourth = give(other, profile).then(() => undefined)
  await new Promise((later) => setTimeout(later, 300))
  await third.commit()
  await fourth
  expect([(await shown(seat))[0], (await shown(other))[0]]).toEqual(['live_access', 'live_access'])
})
