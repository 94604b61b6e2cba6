import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { aMember, anApplication, anOwner, call, change, type Owner } from '../support/api.js'
import { aShopper, ask, aWebapp, outcome, refreshing, signIn, tokensOf, type Web } from '../support/grants.js'
import { type Service, startService } from '../support/service.js'

type Client = { id: string; clientId: string; clientSecret: string; token: string }

let service: Service
let owner: Owner
let machine: Client
let webapp: Web & { clientSecret: string }
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
  webapp = await aWebapp(service, owner)
})
afterAll(() => service.stop())

const secretOf = ({ clientId, clientSecret }: Pick<Client, 'clientId' | 'clientSecret'>) => ({
  client_id: clientId,
  client_secret: clientSecret,
})
const about = (token: string, client: Pick<Client, 'clientId' | 'clientSecret'> = machine) =>
  ask(service, 'introspect', { ...secretOf(client), token })
const DEAD = { active: false }

describe('a token that counts', () => {
  test('7662-03 is told as it is', async () => {
    const { access_token } = await signIn(service, { owner, webapp })
    const { status, headers, body } = await about(access_token)
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    const { rand: _rand, ...claims } = decodeJwt(access_token)
    expect(body).toEqual({ active: true, token_type: 'bearer', ...claims })
    for (const name of ['scope', 'client_id', 'exp', 'iat', 'sub', 'aud', 'iss', 'jti'])
      expect(body).toHaveProperty(name)
  })

  test('of a machine, a storefront, a shopper, and of a person to that person’s own credential', async () => {
    const { channel, form } = await aShopper(service, owner)
    const shopper = await tokensOf(service, form)
    for (const token of [machine.token, channel.token, shopper.access_token])
      expect((await about(token)).body.active).toBe(true)
    expect((await about(owner.token, owner)).body).toMatchObject({ active: true, user: { id: owner.userId } })
    expect((await about(owner.token)).body).toEqual(DEAD)
  })

  test('a refresh token is told to its own client only', async () => {
    const { refresh_token } = await signIn(service, { owner, webapp })
    const { body } = await about(refresh_token, webapp)
    expect(body).toMatchObject({ active: true, token_type: 'refresh_token', client_id: webapp.clientId })
    expect((await about(refresh_token)).body).toEqual(DEAD)
    await ask(service, 'token', refreshing(webapp, refresh_token))
    expect((await about(refresh_token, webapp)).body).toEqual(DEAD)
  })
})

describe('who may ask', () => {
  test('7662-01 nobody without proof', async () => {
    const channel = await anApplication(service, owner, 'sales_channel')
    const spa = await aWebapp(service, owner, { confidential: false })
    const token = machine.token
    for (const form of [
      {},
      { client_id: machine.clientId },
      { client_id: machine.clientId, client_secret: 'wrong' },
      { client_id: channel.clientId },
      { client_id: spa.clientId },
      { client_id: 'gatehouse-dashboard' },
    ]) {
      expect([form, outcome(await ask(service, 'introspect', { ...form, token } as Record<string, string>))]).toEqual([
        form,
        '401 invalid_client',
      ])
    }
    expect((await about(token, channel)).body.active).toBe(true)
    const bearer = await call(service, '/oauth/introspect', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }).toString(),
    })
    expect([bearer.status, bearer.body.error]).toEqual([403, 'access_denied'])
  })

  test('7662-04 T18 a client of another organization learns nothing', async () => {
    const other = await anOwner(service)
    const theirs = await anApplication(service, other, 'integration', { roleId: other.roles.Admin as string })
    const { access_token } = await signIn(service, { owner, webapp })
    for (const token of [machine.token, access_token]) expect((await about(token, theirs)).body).toEqual(DEAD)
    expect((await about(theirs.token)).body).toEqual(DEAD)
    expect((await about(theirs.token, other)).body).toEqual(DEAD)
  })

  test('7662-06 by POST of a form, not by GET; nothing in the URL', async () => {
    const { status, headers } = await call(service, '/oauth/introspect')
    expect([status, headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    const inUrl = await call(service, `/oauth/introspect?token=${machine.token}`, { method: 'POST', body: '' })
    expect(inUrl.status).toBe(400)
    expect(outcome(await ask(service, 'introspect', secretOf(machine)))).toBe('400 invalid_request')
  })
})

describe('7662-02 a token that does not count is told in one word', () => {
  test('T10 nonsense, forged, of another signature', async () => {
    const [head, payload, tail = ''] = machine.token.split('.')
    for (const token of [
      'x',
      'a.b.c',
      `${head}.${payload}.`,
      `${head}.${payload}.${'A'.repeat(tail.length)}`,
      'x'.repeat(9_000),
    ])
      expect((await about(token)).body).toEqual(DEAD)
  })

  test('T8 7009-07 revoked', async () => {
    const { access_token } = await signIn(service, { owner, webapp })
    expect((await about(access_token)).body.active).toBe(true)
    await ask(service, 'revoke', { ...secretOf(webapp), token: access_token })
    expect((await about(access_token)).body).toEqual(DEAD)
  })

  test('7662-05 a user who is disabled, a seat that has ended, a session that has ended', async () => {
    const member = () => aMember(service, owner, owner.roles.Member as string)
    const [one, two] = [await member(), await member()]
    const [first, second] = [
      await signIn(service, { owner, webapp, userId: one.userId }),
      await signIn(service, { owner, webapp, userId: two.userId }),
    ]
    await owner.delete(`/memberships/${one.membershipId}`)
    expect((await about(first.access_token)).body).toEqual(DEAD)
    await service.parts.sessions.endAll(two.userId, { now: service.parts.clock() })
    expect((await about(second.access_token)).body).toEqual(DEAD)
    expect((await about(second.refresh_token, webapp)).body).toEqual(DEAD)
    const third = await signIn(service, { owner, webapp, userId: two.userId })
    await service.db.knex.raw('update users set disabled_at = now() where id = ?', [two.userId])
    expect((await about(third.access_token)).body).toEqual(DEAD)
  })

  test('7662-05 a credential that is disabled, an organization that is suspended', async () => {
    const other = await anOwner(service)
    const role = { roleId: other.roles.Admin as string }
    const [asks, asked] = [
      await anApplication(service, other, 'integration', role),
      await anApplication(service, other, 'integration', role),
    ]
    expect((await about(asked.token, asks)).body.active).toBe(true)
    await other.patch(`/api_credentials/${asked.id}`, change('api_credentials', asked.id, { _disable: true }))
    expect((await about(asked.token, asks)).body).toEqual(DEAD)
    await service.db.knex.raw('update organizations set suspended_at = now() where id = ?', [other.organizationId])
    await service.parts.revocations.refresh()
    expect(outcome(await about(asks.token, asks))).toBe('401 invalid_client')
  })
})
