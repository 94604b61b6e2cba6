import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { organizationClaims, userClaims } from '../../src/tokens/claims.js'
import { mintToken } from '../../src/tokens/mint.js'
import { aMember, anApplication, anOwner, api, call, type Owner } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { aShop, make, type Shop } from '../support/shop.js'
import { asWebapp } from '../support/webapp.js'

let service: Service
let owner: Owner
let shop: Shop
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  shop = await aShop(owner)
})
afterAll(() => service.stop())

const info = async (token: string) => {
  const reply = await call(service, '/oauth/tokeninfo', { headers: { authorization: `Bearer ${token}` } })
  expect(reply.status).toBe(200)
  expect(reply.headers.get('cache-control')).toBe('no-store')
  return reply.body
}

describe('GET /oauth/tokeninfo (CONTRACT 5.7)', () => {
  test('of a sales channel: what its scope names, and nothing to write', async () => {
    const channel = await anApplication(service, owner, 'sales_channel', { scope: 'market:code:eu' })
    const { token, permissions, role, application, ...rest } = await info(channel.token)
    expect(token).toMatchObject({ test: true, market_ids: [shop.eu.id], stock_location_ids: [shop.w3.id] })
    expect(token.lifespan).toBeGreaterThan(14_300)
    expect(token.lifespan).toBeLessThanOrEqual(14_400)
    expect(role).toEqual({ id: null, kind: 'sales_channel', name: null })
    expect(application).toEqual({ id: channel.id, kind: 'sales_channel', name: 'sales_channel', core: false })
    expect(permissions).toEqual({
      application: { actions: ['read'] },
      markets: { actions: ['read'] },
      organization: { actions: ['read'] },
    })
    expect(rest).toEqual({})
  })

  test('of an integration: what its role gives, commerce types too', async () => {
    const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    const { role, permissions, token } = await info(machine.token)
    expect(role).toEqual({ id: owner.roles.Admin, kind: 'admin', name: 'Admin' })
    expect(permissions.orders).toEqual({ actions: ['create', 'read', 'update', 'destroy'] })
    expect(permissions.identity_providers ?? { actions: ['read'] }).toEqual({ actions: ['read'] })
    expect(token.market_ids).toEqual([])
    const reader = await anApplication(service, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
    expect((await info(reader.token)).permissions.orders).toEqual({ actions: ['read'] })
  })

  test('of a webapp: its user, as far as the application membership goes', async () => {
    const app = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://a.example/cb' } })
    const member = await aMember(service, owner, owner.roles.Admin as string)
    await make(owner, 'application_memberships', {
      links: {
        api_credential: ['api_credentials', app.id],
        membership: ['memberships', member.membershipId],
        role: ['roles', owner.roles['Read-only'] as string],
      },
    })
    const web = await asWebapp(service, { owner, application: app, userId: member.userId })
    const { permissions, owner: person, role } = await info(web.token)
    expect(role).toEqual({ id: owner.roles['Read-only'], kind: 'read_only', name: 'Read-only' })
    expect(permissions.orders).toEqual({ actions: ['read'] })
    expect(person).toEqual({
      id: member.userId,
      type: 'User',
      first_name: 'Ada',
      last_name: 'Byron',
      email: member.email,
      owner: false,
      time_zone: null,
    })
  })

  test('of a person: in no organization, so without permissions', async () => {
    const { role, permissions, application, owner: person } = await info(owner.token)
    expect(role).toEqual({ id: null, kind: 'user', name: null })
    expect([permissions, application.kind, person.email]).toEqual([{}, 'user', owner.email])
  })

  test('of a webapp without an application membership: the role of its user', async () => {
    const app = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://a.example/cb' } })
    const web = await asWebapp(service, { owner, application: app, userId: owner.userId, scope: 'openid market:all' })
    const { role, application } = await info(web.token)
    expect(role).toMatchObject({ kind: 'admin', name: 'Admin' })
    expect(application).toEqual({ id: app.id, kind: 'webapp', name: 'webapp', core: false })
  })

  test('of a webapp that only asks who somebody is: as much as its scope tells, and nothing of their seat', async () => {
    const app = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://a.example/cb' } })
    const { userId } = await aMember(service, owner, owner.roles.Admin as string)
    await service.db.knex('users').where({ id: userId }).update({ time_zone: 'Europe/Rome' })
    const { email } = await service.db.knex('users').where({ id: userId }).first('email')
    const [self, names] = [
      { id: userId, type: 'User' },
      { first_name: 'Ada', last_name: 'Byron' },
    ]
    for (const [scope, person] of [
      ['openid', self],
      ['openid profile', { ...self, ...names, time_zone: 'Europe/Rome' }],
      ['openid email', { ...self, email }],
      ['openid profile email', { ...self, ...names, time_zone: 'Europe/Rome', email }],
    ] as const) {
      const web = await asWebapp(service, { owner, application: app, userId, scope })
      const { role, permissions, owner: told } = await info(web.token)
      expect([scope, told, role]).toEqual([scope, person, { id: null, kind: 'webapp', name: null }])
      expect(Object.keys(permissions)).toEqual(['application', 'organization'])
    }
    const more = await asWebapp(service, { owner, application: app, userId, scope: 'openid roles:read' })
    expect(await info(more.token)).toMatchObject({ role: { kind: 'admin' }, owner: { ...self, ...names, email } })
  })

  test('of the console: its user, in one organization and in all', async () => {
    const { keys, clock } = service.parts
    const now = clock()
    const issuance = { issuer: service.config.issuer, audience: service.config.apiUrl, now }
    const subject = {
      applicationId: 'ownconsole',
      clientId: 'gatehouse-dashboard',
      authenticated: false,
      lifetimeSeconds: 7200,
      scope: 'provisioning-api',
      test: false,
      owner: { id: owner.userId, type: 'User' as const },
    }
    const organization = { id: owner.organizationId, slug: 'slug', region: 'eu-west-1' }
    const one = await mintToken(keys, organizationClaims('dashboard', { ...subject, organization }, issuance), now)
    const all = await mintToken(
      keys,
      userClaims({ ...subject, kind: 'dashboard', userId: owner.userId }, issuance),
      now,
    )
    for (const [token, kind] of [
      [one, 'admin'],
      [all, 'dashboard'],
    ] as const) {
      const { role, application, owner: person } = await info(token)
      expect(role.kind).toBe(kind)
      expect(application).toEqual({ id: 'ownconsole', kind: 'dashboard', name: 'Gatehouse', core: true })
      expect(person.email).toBe(owner.email)
      expect((await api(service, token).get('/organizations')).status).toBe(200)
    }
  })

  test('a token that does not count is refused as the API refuses it', async () => {
    for (const headers of [{}, { authorization: 'Bearer nonsense' }] as Record<string, string>[]) {
      const reply = await call(service, '/oauth/tokeninfo', { headers })
      expect([reply.status, reply.body.errors[0].code, reply.body.errors[0].status]).toEqual([
        401,
        'INVALID_TOKEN',
        '401',
      ])
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(reply.headers.get('access-control-allow-origin')).toBe('*')
    }
    expect((await call(service, '/oauth/tokeninfo', { method: 'POST' })).status).toBe(405)
    expect((await call(service, '/oauth/tokeninfo', { method: 'OPTIONS' })).status).toBe(204)
  })
})
