import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { aMember, anApplication, anOwner, type Body, change, type Owner, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'

// What was written of a row is not written again while the row is the same (docs/performance.md): what was remembered would be
// shown here if anything but the row as it stands now were looked at.

let service: Service
let owner: Owner
beforeAll(async () => {
  service = await startService()
})
beforeEach(async () => {
  owner = await anOwner(service)
})
afterAll(() => service.stop())

const inside = () => ({ organization: ['organizations', owner.organizationId] as [string, string] })
const made = async (type: string, attributes: Record<string, unknown>): Promise<Body> =>
  (await owner.post(`/${type}`, resource(type, attributes, inside()))).body.data

/** The attributes of the rows of a list that is asked for four times: met, met again and remembered, and then shown so. */
async function listed(path: string, by: Pick<Owner, 'get'> = owner): Promise<Body[]> {
  const first = (await by.get(path)).body
  for (let time = 1; time < 4; time += 1) expect((await by.get(path)).body).toEqual(first)
  return first.data.map(({ attributes }: Body) => attributes)
}

test('a change is in the next list, whatever it is of', async () => {
  const { id } = await made('merchants', { name: 'One', metadata: { a: 1 } })
  const shown = async () => {
    const [one] = await listed('/merchants')
    return [one.name, one.reference, one.metadata]
  }
  expect(await shown()).toEqual(['One', null, { a: 1 }])
  for (const attributes of [{ name: 'Two' }, { reference: '{"a":1}' }, { metadata: { a: 2 } }, { reference: null }]) {
    expect((await owner.patch(`/merchants/${id}`, change('merchants', id, attributes))).status).toBe(200)
    expect((await listed('/merchants'))[0]).toMatchObject(attributes)
  }
  expect(await shown()).toEqual(['Two', null, { a: 2 }])
  // Nothing else is shown that would tell of the change.
  const metadata = async () => (await listed('/merchants?fields[merchants]=metadata'))[0].metadata
  expect(await metadata()).toEqual({ a: 2 })
  for (const next of [
    { a: 3 },
    { a: '3' },
    { a: [1] },
    { a: { 0: 1 } },
    { a: { 0: 2 } },
    { b: { 0: 2 } },
    { a: null },
    {},
  ]) {
    await owner.patch(`/merchants/${id}`, change('merchants', id, { metadata: next }))
    expect(await metadata()).toEqual(next)
  }
})

test('what a row shows of another row follows that one', async () => {
  const profile = await made('membership_profiles', { name: 'Ours', access_scope: 'test_access' })
  const { membershipId: id } = await aMember(service, owner, owner.roles.Admin as string)
  const membership_profile = { data: { type: 'membership_profiles', id: profile.id } }
  const body = { data: { type: 'memberships', id, relationships: { membership_profile } } }
  expect((await owner.patch(`/memberships/${id}`, body)).status).toBe(200)
  const scopes = async () => (await listed('/memberships?sort=created_at')).map(({ access_scope }) => access_scope)
  expect(await scopes()).toEqual(['all_access', 'test_access'])
  const path = `/membership_profiles/${profile.id}`
  await owner.patch(path, change('membership_profiles', profile.id, { access_scope: 'live_access' }))
  expect(await scopes()).toEqual(['all_access', 'live_access'])
})

test('who may see less of a row is not shown what was written for others', async () => {
  await made('markets', { name: 'Here', code: 'here', metadata: { margin: 12 }, reference: 'erp-1' })
  const channel = await anApplication(service, owner, 'sales_channel', { scope: 'market:all' })
  for (const by of [owner, channel, owner]) {
    const [market] = await listed('/markets', by)
    const whole = by === owner
    expect([market.name, market.metadata?.margin, market.reference]).toEqual(
      whole ? ['Here', 12, 'erp-1'] : ['Here', undefined, null],
    )
  }
})

test('a list of some fields is its own, and so are links with what is included', async () => {
  await made('merchants', { name: 'One' })
  await listed('/merchants')
  const [whole] = (await owner.get('/merchants')).body.data
  const [some] = (await owner.get('/merchants?fields[merchants]=name')).body.data
  expect([Object.keys(some.attributes), some.relationships]).toEqual([['name'], undefined])
  const [linked] = (await owner.get('/merchants?include=organization')).body.data
  expect(linked.relationships.organization.data).toEqual({ type: 'organizations', id: owner.organizationId })
  expect((await owner.get('/merchants')).body.data).toEqual([whole])
  expect(whole.relationships.organization.data).toBeUndefined()
})

test('a secret that is shown once is in no list', async () => {
  const attributes = { name: newId(), kind: 'integration' }
  const role: [string, string] = ['roles', owner.roles.Admin as string]
  const path = '/api_credentials?filter[q][kind_eq]=integration'
  const before = await listed(path)
  const reply = await owner.post('/api_credentials', resource('api_credentials', attributes, { ...inside(), role }))
  expect(reply.body.data.attributes.client_secret).toMatch(/^gh_/)
  const secrets = (await listed(path)).map(({ client_secret }) => client_secret)
  expect(secrets).toEqual(Array(before.length + 1).fill(null))
})

test('what is remembered stands beside what is new, whatever its letters', async () => {
  const names = ['Žižkov ✓', 'Müller & Söhne', 'עברית', '𝔊atehouse', 'plain, "quoted"']
  for (const [at, name] of names.entries()) {
    await made('merchants', { name })
    const shown = (await listed('/merchants?sort=created_at,id')).map((one) => one.name)
    expect(shown).toEqual(names.slice(0, at + 1))
  }
  // A page with what it includes: some of it remembered, some not.
  const page = (await owner.get('/merchants?sort=created_at,id&include=organization&page[size]=3')).body
  expect([page.data.map(({ attributes }: Body) => attributes.name), page.included.length]).toEqual([
    names.slice(0, 3),
    1,
  ])
})
