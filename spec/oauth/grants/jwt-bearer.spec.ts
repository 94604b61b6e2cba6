import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt, importJWK } from 'jose'
import { aMember, anApplication, anOwner, api, type Body, change, type Owner } from '../../support/api.js'
import { aKey, contractAssertion, GRANT_TYPE, type Key, signed } from '../../support/assertions.js'
import { aShopper, ask, aWebapp, outcome, refreshing } from '../../support/grants.js'
import { type Service, startService } from '../../support/service.js'

type Client = { id: string; clientId: string; clientSecret: string }

let service: Service
let owner: Owner
let shop: Awaited<ReturnType<typeof aShopper>>
let channel: Client
let webapp: Client
let machine: Client
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  shop = await aShopper(service, owner)
  channel = shop.channel
  webapp = await aWebapp(service, owner)
  machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
})
afterAll(() => service.stop())

const formOf = ({ clientId, clientSecret }: Client, assertion: string): Record<string, string> => ({
  grant_type: GRANT_TYPE,
  client_id: clientId,
  client_secret: clientSecret,
  assertion,
})
const token = (client: Client, assertion: string, more: Record<string, string> = {}) =>
  ask(service, 'token', { ...formOf(client, assertion), ...more })
const byClaims = async (client: Client, claims: Record<string, unknown>, more?: Record<string, unknown>) =>
  token(client, await contractAssertion(claims, more))
const customer = () => ({ owner: { type: 'Customer', id: shop.customerId } })
const user = (id = owner.userId) => ({ owner: { type: 'User', id } })

const KEYS = ['access_token', 'token_type', 'expires_in', 'scope', 'created_at', 'refresh_token']
const OWNER = ['owner_id', 'owner_type']

describe('CONTRACT 5.8 an assertion of the official client', () => {
  test('6749-20 with an owner, with claims only, with both', async () => {
    const one = await byClaims(channel, customer())
    expect(Object.keys(one.body)).toEqual([...KEYS, ...OWNER])
    expect(one.body).toMatchObject({ owner_id: shop.customerId, owner_type: 'customer' })
    expect(decodeJwt(one.body.access_token)).toMatchObject({ owner: { id: shop.customerId, type: 'Customer' } })
    const two = await byClaims(channel, { custom_claim: { naïve: { Grüße: ['✓'] } } })
    expect(Object.keys(two.body)).toEqual(KEYS)
    expect(decodeJwt(two.body.access_token)).toMatchObject({ custom_claim: { naïve: { Grüße: ['✓'] } } })
    expect(decodeJwt(two.body.access_token)).not.toHaveProperty('owner')
    const three = await byClaims(webapp, { ...user(), custom_claim: { a: 1 } })
    expect(three.body.owner_type).toBe('user')
    expect(decodeJwt(three.body.access_token)).toMatchObject({ sub: owner.userId, custom_claim: { a: 1 } })
  })

  test('what was asserted stays when it is refreshed; an integration asserts again instead', async () => {
    const first = await byClaims(channel, { ...customer(), custom_claim: { a: { b: 'c' } } })
    const next = await ask(service, 'token', refreshing(channel, first.body.refresh_token))
    expect(Object.keys(next.body)).toEqual([...KEYS, ...OWNER])
    expect(decodeJwt(next.body.access_token)).toMatchObject({ custom_claim: { a: { b: 'c' } }, sub: shop.customerId })
    const { body } = await byClaims(machine, customer())
    expect(Object.keys(body)).toEqual([...KEYS.slice(0, 5), ...OWNER])
  })

  test('T5 T9 what was asserted is refreshed with the secret that it was believed for, and not without', async () => {
    const { body } = await byClaims(channel, customer())
    const without = refreshing({ clientId: channel.clientId }, body.refresh_token)
    expect(outcome(await ask(service, 'token', without))).toBe('400 invalid_grant')
    expect(outcome(await ask(service, 'token', refreshing(channel, body.refresh_token)))).toBe('200')
  })

  test('T13 empty, of no form, out of its time, or with a jti for the second time', async () => {
    const now = Math.floor(Date.now() / 1000)
    const bad: [Record<string, unknown>, Record<string, unknown>?][] = [
      [{}],
      [{ custom_claim: {} }],
      [{ custom_claim: 'text' }],
      [{ owner: { type: 'Admin', id: owner.userId } }],
      [{ owner: { type: 'Customer' } }],
      [{ owner: { type: 'Customer', id: "' or 1=1" } }],
      [customer(), {}],
      [customer(), { iat: 'now' }],
      [customer(), { iat: now + 3600 }],
      [customer(), { iat: now, exp: now - 1 }],
      [customer(), { iat: now, exp: '9' }],
      [customer(), { iat: now - 3_700 }],
      [customer(), { iat: now - 86_400 * 400 }],
      [customer(), { iat: now - 3_700, exp: now + 60 }],
      [customer(), { iat: now, exp: now + 3_800 }],
      [customer(), { iat: now, exp: now + 86_400 * 3_650 }],
      // No date is so far ahead.
      [customer(), { iat: now, exp: 1e13, jti: 'far' }],
      [customer(), { iat: now, exp: 1e300, jti: 'further' }],
      [customer(), { iat: now, nbf: now + 3600 }],
    ]
    for (const [claims, more] of bad) {
      const { status, body } = await byClaims(channel, claims, more)
      expect([claims, more, status, body.error]).toEqual([claims, more, 400, 'invalid_assertion'])
      expect(body.errors[0]).toMatchObject({ code: 'BAD_REQUEST', detail: 'The provided assertion is invalid.' })
    }
    for (const nonsense of ['x', 'a.b.c', '..', 'e30.e30.', 'e30.bnVsbA.x', 'e30.W10.x', `${'e30.'.repeat(9)}e30`]) {
      expect(outcome(await token(channel, nonsense))).toBe('400 invalid_assertion')
    }
    expect(outcome(await token(channel, ''))).toBe('400 invalid_request')
    for (const more of [{ iat: now - 3_500 }, { iat: now, exp: now + 3_600 }, { iat: now, exp: now + 60 }])
      expect([more, outcome(await byClaims(channel, customer(), more))]).toEqual([more, '200'])
    const once = await contractAssertion(customer(), { iat: now, jti: `once-${now}` })
    expect([outcome(await token(channel, once)), outcome(await token(channel, once))]).toEqual([
      '200',
      '400 invalid_assertion',
    ])
  })

  test('T13 T15 an owner who is not this organization’s, or is disabled', async () => {
    const other = await aShopper(service)
    const disabled = await aShopper(service, owner)
    const id = disabled.customerId
    await owner.patch(`/customers/${id}`, change('customers', id, { _disable: true }))
    const member = await aMember(service, owner, owner.roles.Member as string)
    const asMember = async (): Promise<string> => outcome(await byClaims(webapp, user(member.userId)))
    expect(await asMember()).toBe('200')
    for (const claims of [
      { owner: { type: 'Customer', id: other.customerId } },
      { owner: { type: 'Customer', id } },
      { owner: { type: 'Customer', id: owner.userId } },
      { owner: { type: 'User', id: shop.customerId } },
      user(other.owner.userId),
      user('nobodynobo'),
    ]) {
      for (const client of [channel, webapp, machine])
        expect(outcome(await byClaims(client, claims))).toBe('400 invalid_assertion')
    }
    await owner.delete(`/memberships/${member.membershipId}`)
    expect(await asMember()).toBe('400 invalid_assertion')
  })

  test('T14 custom claims shadow nothing, and are not endless', async () => {
    const custom_claim = {
      organization: { id: 'x' },
      application: {},
      owner: { id: 'x', type: 'User' },
      scope: 'provisioning-api',
      iss: 'evil',
      exp: 1,
    }
    const { body } = await byClaims(channel, { ...customer(), custom_claim })
    expect(decodeJwt(body.access_token)).toMatchObject({
      organization: { id: owner.organizationId },
      owner: { id: shop.customerId, type: 'Customer' },
      iss: service.config.issuer,
      scope: 'market:all',
      custom_claim,
    })
    const long = (length: number) => byClaims(channel, { custom_claim: { text: 'x'.repeat(length) } })
    expect(outcome(await long(100))).toBe('200')
    for (const length of [2_000, 4_096]) expect(outcome(await long(length))).toBe('400 invalid_assertion')
    expect((await long(4_000_000)).status).toBe(413)
    for (const text of ['{"__proto__":{"admin":true}}', '{"a":"\\u0000"}', '{"a":"\\ud800"}']) {
      const payload = `{"iat":${Math.floor(Date.now() / 1000)},"https://commercelayer.io/claims":{"custom_claim":${text}}}`
      const assertion = `e30.${Buffer.from(payload).toString('base64url')}.x`
      expect([text, outcome(await token(channel, assertion))]).toEqual([text, '400 invalid_assertion'])
    }
  })

  test('T15 without its secret a client gets nothing, and a browser-only one has no such grant', async () => {
    const assertion = await contractAssertion(customer())
    for (const client of [channel, webapp, machine]) {
      const { client_secret: _secret, ...without } = formOf(client, assertion)
      expect(outcome(await ask(service, 'token', without))).toBe('401 invalid_client')
    }
    const spa = await aWebapp(service, owner, { confidential: false })
    const alone = { grant_type: GRANT_TYPE, client_id: spa.clientId, assertion }
    expect(outcome(await ask(service, 'token', alone))).toBe('400 unauthorized_client')
    expect(
      outcome(await token({ ...webapp, clientId: owner.clientId, clientSecret: owner.clientSecret }, assertion)),
    ).toBe('400 unauthorized_client')
  })
})

describe('T15 a user whom an application has named has not signed in', () => {
  const as = async (client: Client, id = owner.userId) => {
    const { body } = await byClaims(client, user(id))
    return { ...api(service, body.access_token), body: body as Body }
  }

  test('a webapp lends their seat; not their account, nor what is the owner’s', async () => {
    const named = await as(webapp)
    expect((await named.get('/memberships')).status).toBe(200)
    const email = change('users', owner.userId, { email: 'evil@example.com' })
    const found = { data: { type: 'organizations', attributes: { name: 'Mine' } } }
    const slug = { meta: { confirm: owner.organization.attributes.slug } }
    const [seat] = (await owner.get('/memberships')).body.data
    for (const answer of [
      await named.patch('/user', email),
      await named.post('/organizations', found),
      await named.delete(`/organizations/${owner.organizationId}`, slug),
      await named.delete(`/memberships/${seat.id}`),
    ]) {
      expect([403, 404, 409]).toContain(answer.status)
    }
    expect((await owner.get('/user')).body.data.attributes).toMatchObject({ unconfirmed_email: null })
    const next = await ask(service, 'token', refreshing(webapp, named.body.refresh_token))
    expect((await api(service, next.body.access_token).patch('/user', email)).status).toBeGreaterThanOrEqual(403)
  })

  test('an integration keeps its own role, and a storefront its own face', async () => {
    for (const client of [machine, channel]) {
      const named = await as(client)
      expect([403, 404]).toContain((await named.get('/user')).status)
      const email = change('users', owner.userId, { email: 'evil@example.com' })
      expect((await named.patch('/user', email)).status).toBeGreaterThanOrEqual(403)
    }
    expect((await (await as(channel)).get('/memberships')).status).not.toBe(200)
  })
})

describe('RFC 7523 an assertion that the client has signed', () => {
  let key: Key
  let signer: Client
  let issuer: string
  beforeAll(async () => {
    key = await aKey('RS256', 'one')
    issuer = service.config.issuer
    const made = await anApplication(service, owner, 'sales_channel', { attributes: { jwks: { keys: [key.jwk] } } })
    signer = made
  })
  const payload = (more: Record<string, unknown> = {}) => ({
    iss: signer.clientId,
    sub: shop.customerId,
    aud: issuer,
    ...more,
  })
  const bySigned = async (more: Record<string, unknown> = {}, by: Key = key, header = {}) =>
    outcome(await token(signer, await signed(by, payload(more), header)))

  test('7523-01 7523-02 for a customer or a user of the organization, or for the client itself', async () => {
    for (const [sub, owned] of [
      [shop.customerId, { id: shop.customerId, type: 'Customer' }],
      [owner.userId, { id: owner.userId, type: 'User' }],
      [signer.clientId, undefined],
    ] as const) {
      const { body } = await token(signer, await signed(key, payload({ sub })))
      expect(decodeJwt(body.access_token).owner).toEqual(owned)
    }
    expect(await bySigned({ aud: [issuer, 'https://other.example.com'] })).toBe('200')
    expect(await bySigned({ aud: `${issuer}/oauth/token` })).toBe('200')
  })

  test('7523-01 7523-05 T13 what is missing, of another, too old or too long', async () => {
    const now = Math.floor(Date.now() / 1000)
    for (const more of [
      ...['iss', 'sub', 'aud', 'exp', 'jti'].map((name) => ({ [name]: undefined })),
      { iss: machine.clientId },
      { aud: 'https://auth.example.com' },
      { aud: [] },
      { exp: now - 1 },
      { exp: now + 7_200 },
      { exp: String(now + 60) },
      { nbf: now + 600 },
      { iat: now + 600 },
      { iat: now - 7_200 },
      { jti: 5 },
      { sub: 'nobodynobo' },
      { sub: 5 },
    ] as Record<string, unknown>[]) {
      expect([more, await bySigned(more)]).toEqual([more, '400 invalid_grant'])
    }
  })

  test('7523-02 T10 another key, another algorithm, none, an HMAC with the public key', async () => {
    const stranger = await aKey('RS256', 'one')
    expect(await bySigned({}, stranger)).toBe('400 invalid_grant')
    expect(await bySigned({}, key, { kid: 'two' })).toBe('400 invalid_grant')
    // The registered key is for RS256 and nothing else.
    const { alg: _alg, ...plain } = key.privateJwk
    const privateKey = (await importJWK(plain, 'RS512')) as Key['privateKey']
    expect(await bySigned({}, { ...key, alg: 'RS512', privateKey })).toBe('400 invalid_grant')
    const good = await signed(key, payload())
    const segment = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const [, body = ''] = good.split('.')
    for (const header of [{ alg: 'none' }, { alg: 'None', kid: 'one' }, { alg: 'HS256', kid: 'one' }]) {
      expect(outcome(await token(signer, `${segment(header)}.${body}.`))).toBe('400 invalid_grant')
      expect(outcome(await token(signer, `${segment(header)}.${body}.AAAA`))).toBe('400 invalid_grant')
    }
    // Who has registered keys is not believed for the word that everybody knows.
    expect(outcome(await byClaims(signer, customer()))).toBe('400 invalid_grant')
  })

  test('7523-04 a jti once', async () => {
    const assertion = await signed(key, payload())
    const replies = await Promise.all(Array.from({ length: 10 }, () => token(signer, assertion)))
    expect(replies.map(outcome).filter((one) => one === '200')).toHaveLength(1)
    expect(outcome(await token(signer, assertion))).toBe('400 invalid_grant')
  })

  test('a key that was taken away counts no more', async () => {
    const [old, fresh] = [await aKey('EdDSA', 'old'), await aKey('ES256', 'fresh')]
    const jwks = { keys: [old.jwk, fresh.jwk] }
    const own = await anApplication(service, owner, 'sales_channel', { attributes: { jwks } })
    const by = async (one: Key) => outcome(await token(own, await signed(one, { ...payload(), iss: own.clientId })))
    expect([await by(old), await by(fresh)]).toEqual(['200', '200'])
    await owner.patch(`/api_credentials/${own.id}`, change('api_credentials', own.id, { jwks: { keys: [fresh.jwk] } }))
    expect([await by(old), await by(fresh)]).toEqual(['400 invalid_grant', '200'])
  })
})
