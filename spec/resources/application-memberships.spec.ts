import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { aMember, anApplication, anOwner, type Body, change, type Owner, type Reply, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { aShop, make, namesIn, type Shop } from '../support/shop.js'
import { asWebapp } from '../support/webapp.js'

let service: Service
let owner: Owner
let shop: Shop
let app: Awaited<ReturnType<typeof anApplication>>
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  shop = await aShop(owner)
  app = await newApp()
})
afterAll(() => service.stop())

type Links = Record<string, [string, string]>
const newApp = () =>
  anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://app.example.com/cb' } })
const role = (name: string): [string, string] => ['roles', owner.roles[name] as string]
const toApp = (one: { id: string } = app): [string, string] => ['api_credentials', one.id]
const seat = (id: string): [string, string] => ['memberships', id]
const member = (name = 'Admin') => aMember(service, owner, owner.roles[name] as string)
const opening = (links: Links, attributes: Record<string, unknown> = {}) =>
  make(owner, 'application_memberships', {
    attributes,
    links: { api_credential: toApp(), role: role('Admin'), ...links },
  })
const post = (links: Links, attributes: Record<string, unknown> = {}) =>
  owner.post(
    '/application_memberships',
    resource('application_memberships', attributes, {
      organization: ['organizations', owner.organizationId],
      api_credential: toApp(),
      role: role('Admin'),
      ...links,
    }),
  )
const problem = ({ status, body }: Reply) => [status, body.errors?.[0]?.source?.pointer]
const holding = (type: string, id: string, ids: string[]) => ({
  data: {
    type,
    id,
    relationships: {
      application_memberships: { data: ids.map((one) => ({ type: 'application_memberships', id: one })) },
    },
  },
})

/** Somebody who may do everything with application memberships and profiles, but is no admin. */
async function anOpener() {
  const { id } = await make(owner, 'roles', { attributes: { name: 'Opener' } })
  const flags = { can_create: true, can_read: true, can_update: true, can_destroy: true }
  for (const subject of ['application_memberships', 'membership_profiles', 'roles']) {
    const listed = await owner.get(`/roles/${id}/permissions?filter[q][subject_eq]=${subject}`)
    const permission: string = listed.body.data[0].id
    await owner.patch(`/permissions/${permission}`, change('permissions', permission, flags))
  }
  return aMember(service, owner, id)
}

describe('application memberships', () => {
  test('need a seat or a profile, and open an application to it once', async () => {
    const { membershipId } = await member()
    expect(problem(await post({}))).toEqual([422, '/data/relationships/membership'])
    expect((await post({ membership: seat(membershipId) })).status).toBe(201)
    expect(problem(await post({ membership: seat(membershipId) }))).toEqual([409, '/data/relationships/membership'])
  })

  test('are read with all that they name', async () => {
    const { membershipId } = await member()
    const made = await opening({ membership: seat(membershipId) }, { reference: 'x' })
    const include = 'api_credential,membership,membership_profile,organization,role'
    const { body } = await owner.get(`/application_memberships/${made.id}?include=${include}`)
    expect(body.included.map((one: Body) => one.type).sort()).toEqual([
      'api_credentials',
      'memberships',
      'organizations',
      'roles',
    ])
    expect(body.data.attributes.filters).toBeNull()
    expect((await owner.get(`/application_memberships/${made.id}/membership_profile`)).body.data).toBeNull()
    const direct = await owner.get(`/memberships/${membershipId}/application_memberships`)
    expect(direct.body.data.map((one: Body) => one.id)).toEqual([made.id])
  })

  test('filters name what is there, by the four keys only', async () => {
    const { membershipId } = await member()
    const links = { membership: seat(membershipId) }
    const at = (key: string) => [422, `/data/attributes/filters/${key}`]
    expect(problem(await post(links, { filters: { order_id_in: [] } }))).toEqual(at('order_id_in'))
    expect(problem(await post(links, { filters: { market_id_in: [] } }))).toEqual(at('market_id_in'))
    expect(problem(await post(links, { filters: { market_id_in: [202] } }))).toEqual(at('market_id_in'))
    expect(problem(await post(links, { filters: { market_id_in: shop.usa.id } }))).toEqual(at('market_id_in'))
    const foreign = await make(await anOwner(service), 'markets', { attributes: { name: 'theirs' } })
    const elsewhere = problem(await post(links, { filters: { market_id_in: [foreign.id] } }))
    expect(elsewhere).toEqual([404, '/data/attributes/filters/market_id_in'])
    expect((await post(links, { filters: { market_id_in: [shop.usa.id] } })).status).toBe(201)
  })

  test('J9 nobody opens an application with a role that they do not hold', async () => {
    const low = await member('Member')
    const opener = await anOpener()
    const body = (name: string) =>
      resource(
        'application_memberships',
        {},
        {
          organization: ['organizations', owner.organizationId],
          api_credential: toApp(),
          membership: seat(low.membershipId),
          role: role(name),
        },
      )
    expect((await opener.post('/application_memberships', body('Admin'))).status).toBe(403)
    expect((await opener.post('/application_memberships', body('Read-only'))).status).toBe(403)
    const made = await opener.post('/application_memberships', body('Member'))
    expect(made.status).toBe(201)
    const { id } = made.body.data
    const up = change('application_memberships', id, {}, { role: role('Admin') })
    expect((await opener.patch(`/application_memberships/${id}`, up)).status).toBe(403)
    // Not their own, and none that holds more.
    const own = { ...body('Member') }
    own.data.relationships.membership = { data: { type: 'memberships', id: opener.membershipId } }
    expect((await opener.post('/application_memberships', own)).status).toBe(403)
    const high = await opening({ membership: seat((await member()).membershipId) })
    expect((await opener.delete(`/application_memberships/${high.id}`)).status).toBe(403)
    expect((await opener.delete(`/application_memberships/${id}`)).status).toBe(204)
  })

  test('J9 what a higher seat may do through an application is neither widened nor narrowed from below', async () => {
    const [opener, boss, low] = [await anOpener(), await member(), await member('Member')]
    const mine = (await owner.get('/memberships?filter[q][owner_true]=true')).body.data[0].id
    const named = async (name: string) => (await make(owner, 'roles', { attributes: { name } })).id as string
    const [narrow, wider] = [await named('Narrow'), await named('Wider')]
    const bundle = async () =>
      (await make(owner, 'membership_profiles', { attributes: { name: 'p', access_scope: 'all_access' } })).id as string
    for (const [holder, by] of [
      [boss.membershipId, opener],
      [mine, opener],
      [mine, await member()],
    ] as const) {
      const [used, free] = [await bundle(), await bundle()]
      const profile = (id: string | null) => ({
        membership_profile: id && (['membership_profiles', id] as [string, string]),
      })
      const link = change('memberships', holder, {}, profile(used) as Links)
      expect((await owner.patch(`/memberships/${holder}`, link)).status).toBe(200)
      const as = async (one: Links) => ({ api_credential: toApp(await newApp()), role: role('Member'), ...one })
      const direct = await opening(await as({ membership: seat(holder), role: ['roles', narrow] }))
      const shared = await opening(await as({ membership_profile: ['membership_profiles', used] }))
      const other = await opening(await as({ membership_profile: ['membership_profiles', free] }))
      const create = async (links: Links) =>
        by.post(
          '/application_memberships',
          resource(
            'application_memberships',
            {},
            { organization: ['organizations', owner.organizationId], ...(await as(links)) },
          ),
        )
      const update = (id: string, attributes: Body, links: Body = {}) =>
        by.patch(`/application_memberships/${id}`, change('application_memberships', id, attributes, links))
      const refused = [
        await create({ membership: seat(holder) }),
        await create({ membership_profile: ['membership_profiles', used] }),
        await update(direct.id, { filters: null }),
        await update(shared.id, {}, profile(free)),
        await update(other.id, {}, profile(used)),
        await by.delete(`/application_memberships/${direct.id}`),
        await by.delete(`/application_memberships/${shared.id}`),
        await by.patch(`/membership_profiles/${used}`, holding('membership_profiles', used, [])),
        await by.delete(`/roles/${narrow}?reassign_to=${wider}`),
      ]
      expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403))
      const allowed = [
        await create({ membership: seat(low.membershipId) }),
        await create({ membership_profile: ['membership_profiles', free] }),
        await by.delete(`/application_memberships/${other.id}`),
      ]
      expect(allowed.map(({ status }) => status)).toEqual([201, 201, 204])
      expect(
        (await owner.patch(`/memberships/${holder}`, change('memberships', holder, {}, profile(null) as Body))).status,
      ).toBe(200)
    }
  })

  test('end with their seat and with their application, and the history says so', async () => {
    const [gone, stays] = [await member(), await member()]
    const other = await newApp()
    const first = await opening({ membership: seat(gone.membershipId) })
    const second = await opening({ membership: seat(stays.membershipId), api_credential: toApp(other) })
    expect((await gone.delete(`/memberships/${gone.membershipId}`)).status).toBe(204)
    expect((await owner.delete(`/api_credentials/${other.id}`)).status).toBe(204)
    for (const { id } of [first, second]) {
      expect((await owner.get(`/application_memberships/${id}`)).status).toBe(404)
      const history = await owner.get(`/versions?filter[q][resource_id_eq]=${id}&filter[q][event_eq]=destroy`)
      expect(history.body.data.map((one: Body) => one.attributes.resource_type)).toEqual(['application_memberships'])
    }
  })

  test('keep their role from deletion, unless it is replaced', async () => {
    const custom = await make(owner, 'roles', { attributes: { name: 'Gone soon' } })
    const made = await opening({ membership: seat((await member()).membershipId), role: ['roles', custom.id] })
    expect((await owner.delete(`/roles/${custom.id}`)).status).toBe(423)
    expect((await owner.delete(`/roles/${custom.id}?reassign_to=${owner.roles.Member}`)).status).toBe(200)
    const now = await owner.get(`/application_memberships/${made.id}/role`)
    expect(now.body.data.id).toBe(owner.roles.Member)
  })
})

describe('membership profiles', () => {
  const profile = (attributes: Record<string, unknown> = {}) =>
    make(owner, 'membership_profiles', { attributes: { name: 'Service', access_scope: 'all_access', ...attributes } })
  const assign = (membershipId: string, id: string | null) =>
    owner.patch(
      `/memberships/${membershipId}`,
      change('memberships', membershipId, {}, { membership_profile: id === null ? null : ['membership_profiles', id] }),
    )

  test('the profile wins over the seat for access_scope and test_enabled', async () => {
    const { id } = await profile()
    const { membershipId } = await member()
    const shown = async () => {
      const { access_scope, test_enabled } = (await owner.get(`/memberships/${membershipId}`)).body.data.attributes
      return [access_scope, test_enabled]
    }
    expect(await shown()).toEqual(['live_access', false])
    const assigned = await assign(membershipId, id)
    expect([assigned.status, assigned.body.data.attributes.test_enabled]).toEqual([200, true])
    expect(await shown()).toEqual(['all_access', true])
    const found = await owner.get('/memberships?filter[q][access_scope_eq]=all_access&page[size]=100')
    expect(found.body.data.map((one: Body) => one.id)).toContain(membershipId)
    await owner.patch(
      `/memberships/${membershipId}`,
      change('memberships', membershipId, { access_scope: 'test_access' }),
    )
    expect(await shown()).toEqual(['all_access', true])
    await owner.patch(`/membership_profiles/${id}`, change('membership_profiles', id, { access_scope: 'live_access' }))
    expect(await shown()).toEqual(['live_access', false])
    await assign(membershipId, null)
    expect(await shown()).toEqual(['test_access', true])
    expect(
      (
        await owner.post(
          '/membership_profiles',
          resource('membership_profiles', { name: 'x' }, { organization: ['organizations', owner.organizationId] }),
        )
      ).status,
    ).toBe(422)
  })

  test('hold exactly the application memberships that are sent; what nothing else holds is deleted', async () => {
    const [one, two] = [await profile(), await profile()]
    const inProfile = (id: string, application = app) =>
      opening({ membership_profile: ['membership_profiles', id], api_credential: toApp(application) })
    const first = await inProfile(one.id)
    const second = await inProfile(one.id, await newApp())
    const shared = await opening({
      membership: seat((await member()).membershipId),
      membership_profile: ['membership_profiles', one.id],
      api_credential: toApp(await newApp()),
    })
    const path = `/membership_profiles/${one.id}`
    const list = async () =>
      (await owner.get(`${path}/application_memberships`)).body.data.map((each: Body) => each.id).sort()
    expect(await list()).toEqual([first.id, second.id, shared.id].sort())
    expect((await owner.patch(path, holding('membership_profiles', one.id, [first.id]))).status).toBe(200)
    expect(await list()).toEqual([first.id])
    expect((await owner.get(`/application_memberships/${second.id}`)).status).toBe(404)
    expect((await owner.get(`/application_memberships/${shared.id}/membership_profile`)).body.data).toBeNull()
    const taken = await owner.patch(
      `/membership_profiles/${two.id}`,
      holding('membership_profiles', two.id, [first.id]),
    )
    expect(problem(taken)).toEqual([422, '/data/relationships/application_memberships'])
    const history = await owner.get(`/versions?filter[q][resource_id_eq]=${one.id}&sort=-created_at&page[size]=1`)
    expect(Object.keys(history.body.data[0].attributes.changes)).toEqual(['application_memberships'])
    expect((await owner.patch(path, holding('membership_profiles', one.id, []))).status).toBe(200)
    expect(await list()).toEqual([])
  })

  test('a new seat comes with its profile and its application memberships', async () => {
    const { id } = await profile()
    const free = await opening({ membership_profile: ['membership_profiles', id] })
    const body = resource(
      'memberships',
      { user_email: `with-profile-${id.toLowerCase()}@example.com` },
      {
        organization: ['organizations', owner.organizationId],
        role: role('Member'),
        membership_profile: ['membership_profiles', id],
      },
    )
    body.data.relationships.application_memberships = { data: [{ type: 'application_memberships', id: free.id }] }
    const made = await owner.post('/memberships?include=membership_profile,application_memberships', body)
    expect([made.status, made.body.included.map((one: Body) => one.id).sort()]).toEqual([201, [free.id, id].sort()])
    expect(made.body.data.attributes.access_scope).toBe('all_access')
  })

  test('one in use is locked, unless another is named', async () => {
    const [old, next] = [await profile(), await profile({ name: 'Next' })]
    const { membershipId } = await member()
    const made = await opening({ membership_profile: ['membership_profiles', old.id] })
    await assign(membershipId, old.id)
    const path = `/membership_profiles/${old.id}`
    expect((await owner.delete(path)).status).toBe(423)
    expect((await owner.delete(`${path}?reassign_to=${old.id}`)).status).toBe(422)
    const moved = await owner.delete(`${path}?reassign_to=${next.id}`)
    expect([moved.status, moved.body.meta]).toEqual([200, { reassigned: { memberships: 1 } }])
    expect((await owner.get(`/memberships/${membershipId}/membership_profile`)).body.data.id).toBe(next.id)
    expect((await owner.get(`/application_memberships/${made.id}`)).status).toBe(404)
    const unused = await profile()
    expect((await owner.delete(`/membership_profiles/${unused.id}`)).status).toBe(204)
  })

  test('members read them and do not write them', async () => {
    const { id } = await profile()
    const plain = await member('Member')
    expect((await plain.get(`/membership_profiles/${id}`)).status).toBe(200)
    expect(
      (await plain.patch(`/membership_profiles/${id}`, change('membership_profiles', id, { name: 'x' }))).status,
    ).toBe(403)
    expect((await plain.delete(`/membership_profiles/${id}`)).status).toBe(403)
  })
})

describe('a webapp acts as its user, within an application membership', () => {
  const admin = async () => {
    const person = await member()
    const web = await asWebapp(service, { owner, application: app, userId: person.userId })
    return { ...person, web }
  }
  const rename = (name: string) => change('stores', shop.ny.id, { name })

  test('without one it may what the user may; with one, what both roles give, within a second', async () => {
    const { web, membershipId } = await admin()
    expect((await web.patch(`/stores/${shop.ny.id}`, rename('ny'))).status).toBe(200)
    const made = await opening({ membership: seat(membershipId), role: role('Read-only') })
    expect((await web.patch(`/stores/${shop.ny.id}`, rename('mine'))).status).toBe(403)
    expect(await namesIn(web, '/stores')).toEqual(['ny', 'rome'])
    await owner.patch(
      `/application_memberships/${made.id}`,
      change('application_memberships', made.id, {}, { role: role('Member') }),
    )
    expect(await namesIn(web, '/stores')).toBe(403)
    // Another application of the same user is not narrowed.
    const other = await newApp()
    const free = await asWebapp(service, { owner, application: other, userId: (await admin()).userId })
    expect((await free.patch(`/stores/${shop.ny.id}`, rename('ny'))).status).toBe(200)
  })

  test('a role above the seat widens nothing', async () => {
    const reader = await member('Read-only')
    await opening({ membership: seat(reader.membershipId), role: role('Admin') })
    const web = await asWebapp(service, { owner, application: app, userId: reader.userId })
    expect(await namesIn(web, '/stores')).toEqual(['ny', 'rome'])
    expect((await web.patch(`/stores/${shop.ny.id}`, rename('mine'))).status).toBe(403)
  })

  test('filters narrow what it sees and writes', async () => {
    const { web, membershipId } = await admin()
    const made = await opening({ membership: seat(membershipId) }, { filters: { market_id_in: [shop.usa.id] } })
    const seen = async () => [
      await namesIn(web, '/markets'),
      await namesIn(web, '/stores'),
      await namesIn(web, '/stock_locations'),
      await namesIn(web, '/merchants'),
    ]
    expect(await seen()).toEqual([['usa'], ['ny'], ['w1', 'w2', 'w3'], ['acme']])
    expect((await web.patch(`/stores/${shop.ny.id}`, rename('ny'))).status).toBe(200)
    expect((await web.patch(`/stores/${shop.rome.id}`, change('stores', shop.rome.id, { name: 'x' }))).status).toBe(404)
    expect((await web.delete(`/markets/${shop.eu.id}`)).status).toBe(404)
    const away = change('stores', shop.ny.id, {}, { market: ['markets', shop.eu.id] })
    expect((await web.patch(`/stores/${shop.ny.id}`, away)).status).toBe(404)
    const inside: [string, string] = ['organizations', owner.organizationId]
    expect((await web.post('/markets', resource('markets', { name: 'new' }, { organization: inside }))).status).toBe(
      403,
    )
    // Who sees a part does not hold what gives the whole.
    const links: Links = { organization: inside, role: role('Admin') }
    const mint = resource('api_credentials', { name: 'x', kind: 'integration' }, links)
    expect((await web.post('/api_credentials', mint)).status).toBe(403)
    const filters = { stock_location_id_in: [shop.w3.id], merchant_id_in: [shop.merchant.id] }
    await owner.patch(`/application_memberships/${made.id}`, change('application_memberships', made.id, { filters }))
    // Stores name no merchant here, so the filter leaves none.
    expect(await seen()).toEqual([['eu', 'usa'], [], ['w3'], ['acme']])
    await owner.patch(
      `/application_memberships/${made.id}`,
      change('application_memberships', made.id, { filters: null }),
    )
    expect(await namesIn(web, '/stores')).toEqual(['ny', 'rome'])
  })

  test('a filtered seat cannot lift its own filters', async () => {
    const { web, membershipId } = await admin()
    const made = await opening({ membership: seat(membershipId) }, { filters: { market_id_in: [shop.usa.id] } })
    const lift = change('application_memberships', made.id, { filters: null })
    expect((await web.patch(`/application_memberships/${made.id}`, lift)).status).toBe(403)
    expect((await web.delete(`/application_memberships/${made.id}`)).status).toBe(403)
    expect((await web.patch(`/memberships/${membershipId}`, holding('memberships', membershipId, []))).status).toBe(403)
  })

  test('of a profile and the seat itself, the profile wins', async () => {
    const { web, membershipId } = await admin()
    const bundle = await make(owner, 'membership_profiles', { attributes: { name: 'p', access_scope: 'live_access' } })
    await opening({ membership: seat(membershipId) }, { filters: { market_id_in: [shop.usa.id] } })
    await opening(
      { membership_profile: ['membership_profiles', bundle.id] },
      { filters: { market_id_in: [shop.eu.id] } },
    )
    expect(await namesIn(web, '/markets')).toEqual(['usa'])
    const link = change('memberships', membershipId, {}, { membership_profile: ['membership_profiles', bundle.id] })
    expect((await owner.patch(`/memberships/${membershipId}`, link)).status).toBe(200)
    expect(await namesIn(web, '/markets')).toEqual(['eu'])
  })

  test('what is the owner’s is not done through a narrowed application', async () => {
    const boss = await anOwner(service)
    const theirs = await anApplication(service, boss, 'webapp', {
      attributes: { redirect_uri: 'https://a.example/cb' },
    })
    const web = await asWebapp(service, { owner: boss, application: theirs, userId: boss.userId })
    const [mine] = (await boss.get(`/organizations/${boss.organizationId}/memberships`)).body.data
    await make(boss, 'application_memberships', {
      links: {
        api_credential: ['api_credentials', theirs.id],
        role: ['roles', boss.roles.Admin as string],
        membership: ['memberships', mine.id],
      },
    })
    const { slug } = boss.organization.attributes
    expect((await web.delete(`/organizations/${boss.organizationId}?confirm=${slug}`)).status).toBe(403)
  })
})
