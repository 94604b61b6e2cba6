import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import {
  type Api,
  aMember,
  anApplication,
  anOwner,
  api,
  type Body,
  change,
  type Owner,
  resource,
  tokenFor,
} from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { aShop } from '../support/shop.js'
import { asWebapp } from '../support/webapp.js'

// Nobody grants what they do not hold, edits their own grants, or mints a credential stronger than themselves
// (DECISIONS 3; ATTACKS J8, J9).

let service: Service
let owner: Owner
let admin: Awaited<ReturnType<typeof aMember>>
let clerk: Awaited<ReturnType<typeof aMember>>
let clerkRole: string
let shop: Awaited<ReturnType<typeof aShop>>

const inside = (): Record<string, [string, string]> => ({ organization: ['organizations', owner.organizationId] })
const withRole = (role: string): Record<string, [string, string]> => ({ ...inside(), role: ['roles', role] })
const everything = { can_create: true, can_read: true, can_update: true, can_destroy: true }

async function aRole(name: string, subjects: readonly string[]): Promise<string> {
  const made = await owner.post('/roles', resource('roles', { name }, inside()))
  const role: string = made.body.data.id
  const base: Body[] = (await owner.get(`/roles/${role}/permissions?page[size]=100`)).body.data
  for (const subject of subjects) {
    const present = base.find((one) => one.attributes.subject === subject)
    if (present === undefined) {
      await owner.post('/permissions', resource('permissions', { subject, ...everything }, { role: ['roles', role] }))
    } else await owner.patch(`/permissions/${present.id}`, change('permissions', present.id, everything))
  }
  return role
}

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  shop = await aShop(owner)
  admin = await aMember(service, owner, owner.roles.Admin as string)
  // A clerk may write everything that carries a role, but is no admin.
  clerkRole = await aRole('Clerk', ['memberships', 'roles', 'permissions', 'api_credentials'])
  clerk = await aMember(service, owner, clerkRole)
})
afterAll(() => service.stop())

const forbidden = { status: 403, code: 'FORBIDDEN' }
const outcome = (reply: Body) => ({ status: reply.status, code: reply.body?.errors?.[0]?.code })

describe('J8 credentials', () => {
  test('a reader creates nothing', async () => {
    const reader = await aMember(service, owner, owner.roles['Read-only'] as string)
    const body = resource('api_credentials', { name: 'x', kind: 'sales_channel' }, inside())
    expect(outcome(await reader.post('/api_credentials', body))).toEqual(forbidden)
  })

  test('a credential stronger than its maker is refused, an equal one is made', async () => {
    const strong = resource(
      'api_credentials',
      { name: 'x', kind: 'integration' },
      withRole(owner.roles.Admin as string),
    )
    const reply = await clerk.post('/api_credentials', strong)
    expect(outcome(reply)).toEqual(forbidden)
    expect(reply.body.errors[0].source).toEqual({ pointer: '/data/relationships/role' })
    const equal = resource('api_credentials', { name: 'x', kind: 'integration' }, withRole(clerkRole))
    expect((await clerk.post('/api_credentials', equal)).status).toBe(201)
  })

  test('an admin’s credential is not edited, re-pointed, switched off or deleted from below', async () => {
    const strong = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    for (const attributes of [
      { name: 'mine' },
      { redirect_uri: 'https://evil.example/cb' },
      { expires_in: 31536000 },
      { _disable: true },
    ]) {
      expect(
        outcome(await clerk.patch(`/api_credentials/${strong.id}`, change('api_credentials', strong.id, attributes))),
      ).toEqual(forbidden)
    }
    const weaker = change('api_credentials', strong.id, {}, { role: ['roles', clerkRole] })
    expect(outcome(await clerk.patch(`/api_credentials/${strong.id}`, weaker))).toEqual(forbidden)
    expect(outcome(await clerk.delete(`/api_credentials/${strong.id}`))).toEqual(forbidden)
    expect((await strong.get('/roles')).status).toBe(200)
  })

  test('a webapp, which acts as whoever signs in, is redirected by an admin only', async () => {
    const webapp = await anApplication(service, owner, 'webapp', {
      attributes: { redirect_uri: 'https://app.example/cb' },
    })
    const body = change('api_credentials', webapp.id, { redirect_uri: 'https://evil.example/cb' })
    expect(outcome(await clerk.patch(`/api_credentials/${webapp.id}`, body))).toEqual(forbidden)
    expect((await admin.patch(`/api_credentials/${webapp.id}`, body)).status).toBe(200)
  })

  test('an integration does not widen itself', async () => {
    const strong = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    for (const attributes of [{ expires_in: 31536000 }, { scopes: 'market:all store:all' }, { expires_at: null }]) {
      const body = change('api_credentials', strong.id, attributes)
      expect(outcome(await strong.patch(`/api_credentials/${strong.id}`, body))).toEqual(forbidden)
    }
  })

  test('an integration gives no scopes beyond its own, to a sibling or through one, nor takes the keys of a wider one', async () => {
    const roleId = owner.roles.Admin as string
    const bounded = (scopes: string) => anApplication(service, owner, 'integration', { roleId, attributes: { scopes } })
    const narrow = await bounded('market:code:usa')
    const make = (caller: Api, scopes: string | undefined, kind = 'integration') => {
      const attributes = { name: 'x', kind, ...(scopes === undefined ? {} : { scopes }) }
      return caller.post(
        '/api_credentials',
        resource('api_credentials', attributes, kind === 'integration' ? withRole(roleId) : inside()),
      )
    }
    for (const kind of ['integration', 'sales_channel']) {
      for (const scopes of ['market:all', 'market:code:usa market:code:eu', 'store:all', undefined]) {
        expect([kind, scopes, outcome(await make(narrow, scopes, kind))]).toEqual([kind, scopes, forbidden])
      }
    }
    const equal = await make(narrow, 'market:code:usa')
    const wide = await anApplication(service, owner, 'integration', { roleId })
    const patch = (id: string, attributes: Body) =>
      narrow.patch(`/api_credentials/${id}`, change('api_credentials', id, attributes))
    expect(equal.status).toBe(201)
    expect(outcome(await patch(equal.body.data.id, { scopes: 'market:all' }))).toEqual(forbidden)
    expect(outcome(await patch(wide.id, { scopes: 'market:code:usa' }))).toEqual(forbidden)
    expect(outcome(await patch(wide.id, { jwks: { keys: [] } }))).toEqual(forbidden)
    expect(outcome(await narrow.post(`/api_credentials/${wide.id}/rotate_secret`))).toEqual(forbidden)
    expect((await patch(wide.id, { name: 'Wide' })).status).toBe(200)
    expect((await narrow.post(`/api_credentials/${equal.body.data.id}/rotate_secret`)).status).toBe(200)

    // Where a registration names a plane or rights, those bound too: no rights named is all of them.
    const plane = await bounded('market:all provisioning-api')
    expect((await make(plane, 'market:all provisioning-api')).status).toBe(201)
    expect((await make(plane, 'market:all', 'sales_channel')).status).toBe(201)
    for (const scopes of ['market:all', 'openid', 'market:all metrics-api']) {
      expect([scopes, outcome(await make(plane, scopes))]).toEqual([scopes, forbidden])
    }
    expect((await make(wide, 'market:all store:all metrics-api')).status).toBe(201)
    // A token that points at less than its application may gives what it points at; one that points at nothing is bounded by its application.
    const lent = (scope: string) => tokenFor(service, { ...wide, scope }).then((token) => api(service, token))
    const pointing = await lent(`market:id:${shop.usa.id}`)
    expect(outcome(await make(pointing, 'market:all'))).toEqual(forbidden)
    expect((await make(pointing, `market:id:${shop.usa.id}`)).status).toBe(201)
    expect((await make(await lent('provisioning-api'), 'market:all')).status).toBe(201)
  })

  test('a member whom filters narrow gives scopes on the rows that they see', async () => {
    const { usa, eu } = shop
    const attributes = { redirect_uri: 'https://app.example/cb' }
    const application = await anApplication(service, owner, 'webapp', { attributes })
    const maker = await aRole('Maker', ['api_credentials', 'markets'])
    const member = await aMember(service, owner, owner.roles.Admin as string)
    const opened = resource(
      'application_memberships',
      { filters: { market_id_in: [usa.id] } },
      {
        ...withRole(maker),
        api_credential: ['api_credentials', application.id],
        membership: ['memberships', member.membershipId],
      },
    )
    expect((await owner.post('/application_memberships', opened)).status).toBe(201)
    await service.parts.revocations.refresh()
    const web = await asWebapp(service, { owner, application, userId: member.userId })
    const make = async (scopes?: string) => {
      const channel = { name: 'x', kind: 'sales_channel', ...(scopes === undefined ? {} : { scopes }) }
      return (await web.post('/api_credentials', resource('api_credentials', channel, inside()))).status
    }
    expect(await make(`market:id:${usa.id}`)).toBe(201)
    expect(await make('market:code:usa')).toBe(201)
    for (const scopes of [undefined, 'market:all', `market:id:${eu.id}`, 'market:code:usa market:code:eu']) {
      expect([scopes, await make(scopes)]).toEqual([scopes, 403])
    }
    const wide = await anApplication(service, owner, 'sales_channel')
    expect((await web.post(`/api_credentials/${wide.id}/rotate_secret`)).status).toBe(403)
  })

  test('a token narrowed by its scopes grants no more than the scopes leave', async () => {
    const narrow = await aMember(
      service,
      owner,
      owner.roles.Admin as string,
      'memberships:create memberships:read roles:read organizations:read',
    )
    const invite = (role: string) =>
      narrow.post('/memberships', resource('memberships', { user_email: 'n@example.com' }, withRole(role)))
    expect(outcome(await invite(owner.roles.Admin as string))).toEqual(forbidden)
    expect((await narrow.get('/api_credentials')).status).toBe(403)
  })
})

describe('J9 seats, roles and permissions', () => {
  test('nobody is invited to a higher role than the inviter’s', async () => {
    const body = resource('memberships', { user_email: 'boss@example.com' }, withRole(owner.roles.Admin as string))
    expect(outcome(await clerk.post('/memberships', body))).toEqual(forbidden)
  })

  test('nobody changes their own seat’s role or access, by PATCH or by the relationship', async () => {
    for (const who of [clerk, admin]) {
      const lower = change('memberships', who.membershipId, {}, { role: ['roles', owner.roles['Read-only'] as string] })
      expect(outcome(await who.patch(`/memberships/${who.membershipId}`, lower))).toEqual(forbidden)
      const linkage = { data: { type: 'roles', id: owner.roles.Member } }
      expect(outcome(await who.patch(`/memberships/${who.membershipId}/relationships/role`, linkage))).toEqual(
        forbidden,
      )
    }
    const access = change('memberships', admin.membershipId, { access_scope: 'all_access' })
    expect(outcome(await admin.patch(`/memberships/${admin.membershipId}`, access))).toEqual(forbidden)
  })

  test('a seat above one’s own is neither lowered nor ended', async () => {
    const lower = change('memberships', admin.membershipId, {}, { role: ['roles', clerkRole] })
    expect(outcome(await clerk.patch(`/memberships/${admin.membershipId}`, lower))).toEqual(forbidden)
    expect(outcome(await clerk.delete(`/memberships/${admin.membershipId}`))).toEqual(forbidden)
  })

  test('one’s own role gains nothing, not even base permissions', async () => {
    const more = resource('permissions', { subject: 'versions', ...everything }, { role: ['roles', clerkRole] })
    expect(outcome(await clerk.post('/permissions', more))).toEqual(forbidden)
    const [mine]: Body[] = (await clerk.get(`/roles/${clerkRole}/permissions`)).body.data
    const wider = change('permissions', mine.id, { can_destroy: true })
    expect(outcome(await clerk.patch(`/permissions/${mine.id}`, wider))).toEqual(forbidden)
    const trigger = change('roles', clerkRole, { _add_missing_base_permissions: true })
    expect(outcome(await clerk.patch(`/roles/${clerkRole}`, trigger))).toEqual(forbidden)
  })

  test('a role that narrows one’s own seat, or its profile, in an application gains and loses nothing either', async () => {
    const app = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://n.example/cb' } })
    const held = ['customers', 'roles', 'permissions', 'application_memberships', 'memberships', 'api_credentials']
    const manager = await aRole('Manager', held)
    const by = await aMember(service, owner, manager)
    const web = await asWebapp(service, { owner, application: app, userId: by.userId })
    const made = async (type: string, attributes: Body, links: Body): Promise<string> =>
      (await owner.post(`/${type}`, resource(type, attributes, { ...inside(), ...links }))).body.data.id
    const profile = await made('membership_profiles', { name: 'P', access_scope: 'live_access' }, {})
    const given = change('memberships', by.membershipId, {}, { membership_profile: ['membership_profiles', profile] })
    expect((await owner.patch(`/memberships/${by.membershipId}`, given)).status).toBe(200)
    const shopper = async () => {
      const body = resource('customers', { email: `${newId().toLowerCase()}@example.com` }, inside())
      return (await web.post('/customers', body)).status
    }
    for (const holder of [
      { membership: ['memberships', by.membershipId] },
      { membership_profile: ['membership_profiles', profile] },
    ]) {
      const narrow = await aRole('Narrow', [])
      const links = { api_credential: ['api_credentials', app.id], role: ['roles', narrow], ...holder }
      const opening = await made('application_memberships', {}, links)
      const more = (role: string) =>
        resource('permissions', { subject: 'customers', ...everything }, { role: ['roles', role] })
      const [base]: Body[] = (await by.get(`/roles/${narrow}/permissions`)).body.data
      const tried = [
        await by.post('/permissions', more(narrow)),
        await by.patch(`/permissions/${base.id}`, change('permissions', base.id, { can_update: true })),
        await by.delete(`/permissions/${base.id}`),
        await by.patch(`/roles/${narrow}`, change('roles', narrow, { _add_missing_base_permissions: true })),
        await by.delete(`/roles/${narrow}?reassign_to=${manager}`),
      ]
      expect(tried.map(outcome)).toEqual(tried.map(() => forbidden))
      expect(await shopper()).toBe(403)
      const free = await aRole('Free', [])
      expect((await by.post('/permissions', more(free))).status).toBe(201)
      expect((await by.delete(`/roles/${free}?reassign_to=${manager}`)).status).toBe(200)
      expect((await owner.delete(`/application_memberships/${opening}`)).status).toBe(204)
      expect(await shopper()).toBe(201)
    }
  })

  test('another role gains what one holds, and no more', async () => {
    const other = (await clerk.post('/roles', resource('roles', { name: 'Other' }, inside()))).body.data.id
    const grant = (subject: string) =>
      clerk.post('/permissions', resource('permissions', { subject, ...everything }, { role: ['roles', other] }))
    const outcomes = [await grant('orders'), await grant('versions')].map(outcome)
    expect(outcomes).toEqual([forbidden, forbidden])
    const held: Body[] = (await clerk.get(`/roles/${other}/permissions?filter[q][subject_eq]=memberships`)).body.data
    const wider = change('permissions', held[0].id, everything)
    expect((await clerk.patch(`/permissions/${held[0].id}`, wider)).status).toBe(200)
  })

  test('built-in roles take no permissions and are not deleted', async () => {
    for (const role of [owner.roles.Admin, owner.roles['Read-only']] as string[]) {
      const row = resource('permissions', { subject: 'orders', ...everything }, { role: ['roles', role] })
      expect((await owner.post('/permissions', row)).status).toBe(422)
      expect((await owner.delete(`/roles/${role}`)).status).toBe(423)
    }
  })
})
