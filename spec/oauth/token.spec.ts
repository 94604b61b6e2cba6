import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { aCredential, anOrganization, asRole, aUser, type Organization } from '../support/credentials.js'
import {
  API_URL,
  basic,
  GRANT,
  ISSUER,
  type OAuthService,
  of,
  postForm,
  postJson,
  refusal,
  secrets,
  send,
  startOAuth,
} from '../support/oauth-service.js'

type Credential = Awaited<ReturnType<typeof aCredential>>

let service: OAuthService
let token: string
let organization: Organization
let channel: Credential
let integration: Credential
let user: Awaited<ReturnType<typeof aUser>>

beforeAll(async () => {
  service = await startOAuth()
  token = `${service.url}/oauth/token`
  organization = await anOrganization(service.db)
  channel = await aCredential(service.db, secrets, {
    organization,
    kind: 'sales_channel',
    extra: { expires_in: 14400 },
  })
  integration = await aCredential(service.db, secrets, { organization, kind: 'integration', extra: { mode: 'live' } })
  user = await aUser(service.db, secrets)
  await asRole(service.db, { role: 'api', organizationId: organization.id }, async (trx) => {
    const stamps = { organization_id: organization.id, created_at: new Date(), updated_at: new Date() }
    await trx('markets').insert({ id: 'marketmark', name: 'USA', code: 'usa', ...stamps })
    await trx('stores').insert({ id: 'storestore', name: 'X', code: 'x', market_id: 'marketmark', ...stamps })
  })
})

afterAll(() => service.stop())

const KEYS = ['access_token', 'token_type', 'expires_in', 'scope', 'created_at']

describe('client credentials', () => {
  test('6749-20 a sales channel gets a token with its client_id alone', async () => {
    const before = Math.floor(Date.now() / 1000)
    const answer = await postForm(token, { ...GRANT, client_id: channel.clientId, scope: 'market:code:usa' })
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.body)).toEqual(KEYS)
    expect(answer.body).toMatchObject({ token_type: 'bearer', expires_in: 14400, scope: 'market:code:usa' })
    expect(answer.body.created_at).toBeGreaterThanOrEqual(before)
    const claims = decodeJwt(answer.body.access_token)
    expect(claims).toMatchObject({
      organization: { id: organization.id, slug: organization.slug, enterprise: true, region: 'eu-west-1' },
      application: {
        id: channel.id,
        client_id: channel.clientId,
        kind: 'sales_channel',
        public: true,
        confidential: false,
      },
      scope: 'market:code:usa',
      test: true,
      iss: ISSUER,
      aud: [API_URL],
      sub: channel.clientId,
      client_id: channel.clientId,
    })
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(14400)
    expect(claims.jti).toMatch(/^-\./)
  })

  test('a sales channel may present its secret, and then the token says so', async () => {
    const { body } = await postForm(token, of(channel))
    expect(decodeJwt(body.access_token)).toMatchObject({ application: { public: true, confidential: true } })
    expect(decodeJwt(body.access_token).jti).toMatch(new RegExp(`^${channel.secretId}\\.`))
  })

  test('an integration gets a token with its secret, a user one for all its organizations', async () => {
    const machine = await postJson(token, of(integration))
    expect(Object.keys(machine.body)).toEqual(KEYS)
    expect(machine.body).toMatchObject({ expires_in: 7200, scope: 'market:all' })
    const claims = decodeJwt(machine.body.access_token)
    expect(claims).toMatchObject({
      application: { kind: 'integration', public: false, confidential: true },
      test: false,
    })
    const person = await postJson(token, { ...of(user), scope: '', slug: 'x', debug: true, callbackUrl: null })
    expect(Object.keys(person.body)).toEqual(KEYS)
    expect(person.body.scope).toBe('provisioning-api')
    const personal = decodeJwt(person.body.access_token)
    expect(personal).toMatchObject({ user: { id: user.userId }, application: { kind: 'user' }, test: false })
    expect(personal).not.toHaveProperty('organization')
  })

  test.each(['application/json', 'application/vnd.api+json'])('%s is accepted', async (type) => {
    expect((await postJson(token, of(integration), type)).status).toBe(200)
  })

  test('6749-10 Basic is accepted and both halves are form-decoded', async () => {
    expect((await postForm(token, GRANT, basic(integration.clientId, integration.secret))).status).toBe(200)
    const odd = { id: 'odd+client', secret: 'a:b%c d+e' }
    const own = await aCredential(service.db, secrets, {
      organization,
      kind: 'integration',
      extra: { client_id: odd.id },
    })
    await asRole(service.db, { role: 'api', organizationId: organization.id }, (trx) =>
      trx('api_credential_secrets').insert({
        organization_id: organization.id,
        id: `${own.secretId}2`,
        api_credential_id: own.id,
        hash: secrets.hash(odd.secret),
        created_at: new Date(),
      }),
    )
    const form = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+')
    const encoded = Buffer.from(`${form(odd.id)}:${form(odd.secret)}`).toString('base64')
    expect((await postForm(token, GRANT, { Authorization: `basic ${encoded}` })).status).toBe(200)
    const raw = Buffer.from(`${odd.id}:${odd.secret}`).toString('base64')
    expect(refusal(await postForm(token, GRANT, { Authorization: `Basic ${raw}` }))).toBe(
      '400 invalid_request BAD_REQUEST',
    )
  })

  test('9068-01 the token is a JWT that any verifier accepts by the JWKS', async () => {
    const { body } = await postForm(token, of(integration))
    expect(Object.keys(decodeProtectedHeader(body.access_token))).toEqual(['alg', 'typ', 'kid'])
    expect(decodeProtectedHeader(body.access_token)).toMatchObject({ alg: 'RS512', typ: 'JWT' })
    const jwks = createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(body.access_token, jwks, { issuer: ISSUER, audience: API_URL })
    for (const name of ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti', 'scope'])
      expect(payload).toHaveProperty(name)
    expect(body.access_token.length).toBeLessThanOrEqual(1536)
    await expect(service.verifier.verify(body.access_token, new Date())).resolves.toBeDefined()
  })

  test('6749-14 the scope is echoed to the letter', async () => {
    const scope = 'market:code:usa,store:code:x'
    const { body } = await postJson(token, { ...GRANT, client_id: channel.clientId, scope })
    expect(body.scope).toBe(scope)
    expect(decodeJwt(body.access_token).scope).toBe(scope)
  })

  test('T17 the answers of the token endpoint are kept by nobody, and browsers may read them', async () => {
    for (const answer of [await postForm(token, of(integration)), await postForm(token, {})]) {
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('pragma')).toBe('no-cache')
      expect(answer.headers.get('content-type')).toBe('application/json;charset=utf-8')
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    }
    const headers = { Origin: 'https://shop.test', 'Access-Control-Request-Method': 'POST' }
    const preflight = await send(token, { method: 'OPTIONS', headers })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Content-Type')
  })
})
