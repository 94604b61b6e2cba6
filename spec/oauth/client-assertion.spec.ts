import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anApplication, anOwner, type Body, change, type Owner, resource } from '../support/api.js'
import { ASSERTION_TYPE, aKey, type Key, signed } from '../support/assertions.js'
import { ask, aWebapp, outcome, signInCode } from '../support/grants.js'
import { type Service, startService } from '../support/service.js'

// private_key_jwt: a client that signs instead of telling its secret.

let service: Service
let owner: Owner
let key: Key
let machine: { id: string; clientId: string; clientSecret: string }
beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  key = await aKey('ES256', 'one')
  machine = await anApplication(service, owner, 'integration', {
    roleId: owner.roles.Admin as string,
    attributes: { jwks: { keys: [key.jwk] } },
  })
})
afterAll(() => service.stop())

const payload = (more: Record<string, unknown> = {}) => ({
  iss: machine.clientId,
  sub: machine.clientId,
  aud: service.config.issuer,
  ...more,
})
const formOf = (client_assertion: string, more: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  client_assertion_type: ASSERTION_TYPE,
  client_assertion,
  ...more,
})
const by = async (more: Record<string, unknown> = {}, form: Record<string, string> = {}, one = key) =>
  outcome(await ask(service, 'token', formOf(await signed(one, payload(more)), form)))

describe('client authentication by a signed assertion', () => {
  test('7523-03 iss = sub = client_id; the parameter client_id may be left out or repeated, not differ', async () => {
    expect(await by()).toBe('200')
    expect(await by({}, { client_id: machine.clientId })).toBe('200')
    expect(await by({}, { client_id: owner.clientId })).toBe('401 invalid_client')
    expect(await by({ sub: owner.clientId })).toBe('401 invalid_client')
    expect(await by({ iss: owner.clientId })).toBe('401 invalid_client')
  })

  test('7523-01 7523-05 for us, for five minutes at most', async () => {
    const now = Math.floor(Date.now() / 1000)
    for (const more of [
      ...['iss', 'sub', 'aud', 'exp', 'jti'].map((name) => ({ [name]: undefined })),
      { aud: 'https://auth.example.com' },
      { exp: now + 600 },
      { exp: now - 5 },
      { nbf: now + 600 },
    ] as Record<string, unknown>[]) {
      expect([more, await by(more)]).toEqual([more, '401 invalid_client'])
    }
  })

  test('7523-04 once, also of many at once', async () => {
    const assertion = await signed(key, payload())
    const replies = await Promise.all(Array.from({ length: 10 }, () => ask(service, 'token', formOf(assertion))))
    expect(replies.map(outcome).sort()).toEqual(['200', ...Array(9).fill('401 invalid_client')])
  })

  test('7523-02 by a key that is registered, with its own algorithm', async () => {
    expect(await by({}, {}, await aKey('ES256', 'one'))).toBe('401 invalid_client')
    const plain = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    expect(await by({ iss: plain.clientId, sub: plain.clientId })).toBe('401 invalid_client')
    expect(await by({ iss: 'nobody', sub: 'nobody' })).toBe('401 invalid_client')
  })

  test('6749-09 with nothing beside it', async () => {
    expect(await by({}, { client_secret: machine.clientSecret })).toBe('400 invalid_request')
    const other = await signed(key, payload())
    const form = { ...formOf(other), client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }
    expect(outcome(await ask(service, 'token', form))).toBe('401 invalid_client')
    const { client_assertion_type: _type, ...without } = formOf(other)
    expect(outcome(await ask(service, 'token', without))).toBe('401 invalid_client')
  })

  test('it stands for the secret of a confidential webapp, and at revocation and introspection', async () => {
    const webapp = await aWebapp(service, owner, { jwks: { keys: [key.jwk] } })
    const own = { iss: webapp.clientId, sub: webapp.clientId }
    const proof = async () => ({
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await signed(key, payload(own)),
    })
    const { form } = await signInCode(service, { owner, webapp })
    const { client_secret: _secret, ...without } = form as Record<string, string>
    const { body }: Body = await ask(service, 'token', { ...without, ...(await proof()) })
    const about = { token: body.access_token }
    expect((await ask(service, 'introspect', { ...about, ...(await proof()) })).body.active).toBe(true)
    expect((await ask(service, 'revoke', { ...about, ...(await proof()) })).status).toBe(200)
    expect((await ask(service, 'introspect', { ...about, ...(await proof()) })).body).toEqual({ active: false })
  })
})

describe('the keys of an application', () => {
  const links = () => ({ organization: ['organizations', owner.organizationId] as [string, string] })
  const make = (jwks: unknown, more: Record<string, unknown> = {}) =>
    owner.post('/api_credentials', resource('api_credentials', { name: 'x', kind: 'webapp', jwks, ...more }, links()))

  test('public keys only: RSA of 2048 bits, elliptic curves, Ed25519, each with one algorithm', async () => {
    for (const alg of ['RS256', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
      const { jwk } = await aKey(alg)
      const { status, body } = await make({ keys: [jwk] })
      expect([alg, status]).toEqual([alg, 201])
      expect(body.data.attributes.jwks.keys).toEqual([{ ...jwk, use: 'sig' }])
    }
    const { alg: _alg, ...plain } = (await aKey('ES256')).jwk
    expect((await make({ keys: [plain] })).body.data.attributes.jwks.keys[0].alg).toBe('ES256')
    expect((await make(null)).body.data.attributes.jwks).toBeNull()
  })

  test('what is refused', async () => {
    const [one, two] = [await aKey('ES256', 'k'), await aKey('ES256', 'k')]
    const { modulus } = { modulus: Buffer.alloc(128, 255).toString('base64url') }
    for (const jwks of [
      {},
      { keys: [] },
      { keys: 'x' },
      { keys: [null] },
      { keys: [{ ...one.privateJwk, alg: 'ES256' }] },
      { keys: [{ kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }] },
      { keys: [{ kty: 'RSA', n: modulus, e: 'AQAB', alg: 'RS256' }] },
      { keys: [{ ...one.jwk, alg: 'RS256' }] },
      { keys: [{ ...one.jwk, alg: 'none' }] },
      { keys: [{ ...one.jwk, use: 'enc' }] },
      { keys: [{ ...one.jwk, x: 'AAAA' }] },
      { keys: [one.jwk, two.jwk] },
      { keys: [{ ...one.jwk, crv: 'constructor' }] },
      { keys: Array.from({ length: 11 }, (_, index) => ({ ...one.jwk, kid: String(index) })) },
    ]) {
      expect([jwks, (await make(jwks)).status]).toEqual([jwks, 422])
    }
    expect((await make({ keys: [one.jwk] }, { confidential: false })).status).toBe(422)
  })

  test('they are changed and taken away like any attribute', async () => {
    const { data }: Body = (await make({ keys: [key.jwk] })).body
    const path = `/api_credentials/${data.id}`
    expect((await owner.patch(path, change('api_credentials', data.id, { jwks: { keys: [{}] } }))).status).toBe(422)
    const { body } = await owner.patch(path, change('api_credentials', data.id, { jwks: null }))
    expect(body.data.attributes.jwks).toBeNull()
  })
})
