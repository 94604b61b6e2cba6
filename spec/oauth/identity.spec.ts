import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { createIdTokens, readIdTokenHint, type SignIn } from '../../src/oauth/id-token.js'
import { aMember, anApplication, anOwner, aPerson, api, call, type Owner, type Reply } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { segment } from '../support/tokens.js'
import { asWebapp } from '../support/webapp.js'

const ALL = 'openid profile email'

let service: Service
let owner: Owner
let application: Awaited<ReturnType<typeof anApplication>>

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  application = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://app.test/back' } })
})
afterAll(() => service.stop())

/** A token of a webapp in which the owner has signed in. */
const tokenWith = async (scope: string, userId = owner.userId): Promise<string> =>
  (await asWebapp(service, { owner, application, userId, scope })).token

const ask = (token: string | undefined, init: RequestInit = {}, query = ''): Promise<Reply> =>
  call(service, `/oauth/userinfo${query}`, {
    ...init,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers },
  })

const signIn = (change: Partial<SignIn> = {}): SignIn => ({
  client: application,
  userId: owner.userId,
  scope: ALL,
  nonce: 'n-0S6_WzA2Mj',
  authenticatedAt: new Date(Date.now() - 60_000),
  amr: ['pwd', 'otp', 'mfa'],
  sessionId: 'sessionses',
  accessToken: 'the.access.token',
  now: new Date(),
  ...change,
})

const idToken = (change: Partial<SignIn> = {}): Promise<string> => {
  const { parts, config, db } = service
  return createIdTokens({ keys: parts.keys, issuer: config.issuer, knex: db.knex })(signIn(change))
}

const read = async (token: string) => {
  const keys = createLocalJWKSet(service.parts.keys.jwks(new Date()))
  return jwtVerify(token, keys, { issuer: service.config.issuer, audience: application.clientId })
}

describe('an id_token', () => {
  test('OIDC-01 says who, to whom, when and how, and is verified by the published keys', async () => {
    const made = signIn()
    const { payload, protectedHeader } = await read(await idToken({ now: made.now }))
    const iat = Math.floor(made.now.getTime() / 1000)
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: service.parts.keys.identityKey(made.now).kid })
    expect(payload).toEqual({
      iss: 'https://auth.gatehouse.test',
      sub: owner.userId,
      aud: application.clientId,
      exp: iat + 3600,
      iat,
      auth_time: Math.floor((made.authenticatedAt?.getTime() ?? 0) / 1000),
      nonce: 'n-0S6_WzA2Mj',
      amr: ['pwd', 'otp', 'mfa'],
      sid: 'sessionses',
      at_hash: createHash('sha256').update('the.access.token').digest().subarray(0, 16).toString('base64url'),
      name: 'Ada Byron',
      given_name: 'Ada',
      family_name: 'Byron',
      updated_at: expect.any(Number),
      email: owner.email,
      email_verified: true,
    })
  })

  test.each([
    ['openid', []],
    ['openid email', ['email', 'email_verified']],
    ['openid profile', ['family_name', 'given_name', 'name', 'updated_at']],
  ])('OIDC-01 of the scope %s tells no more than that', async (scope, told) => {
    const { payload } = await read(await idToken({ scope, nonce: undefined, authenticatedAt: undefined, amr: [] }))
    const names = Object.keys(payload).filter(
      (name) => !['iss', 'sub', 'aud', 'exp', 'iat', 'sid', 'at_hash'].includes(name),
    )
    expect(names.sort()).toEqual(told)
  })

  test('T11 is no access token: not for the API, not for tokeninfo, not for userinfo', async () => {
    const token = await idToken()
    for (const path of ['/api/user', '/oauth/tokeninfo', '/oauth/userinfo']) {
      const answer = await call(service, path, { headers: { authorization: `Bearer ${token}` } })
      expect([path, answer.status]).toEqual([path, 401])
    }
  })

  test('as a hint it is read back, also when it has expired; nothing else is', async () => {
    const { keys } = service.parts
    const options = { keys, issuer: service.config.issuer, now: new Date() }
    const token = await idToken({ now: new Date(Date.now() - 30 * 24 * 3600 * 1000) })
    expect(await readIdTokenHint(token, options)).toEqual({
      userId: owner.userId,
      clientId: application.clientId,
      sessionId: 'sessionses',
    })
    const [head = '', payload = '', signature = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const forged = `${head}.${segment({ ...claims, sub: 'somebodyel' })}.${signature}`
    const none = `${segment({ ...decodeProtectedHeader(token), alg: 'none' })}.${payload}.${signature}`
    const access = keys.signingKey(new Date())
    const input = `${access.header}.${payload}`
    const signedByTheOtherKey = `${input}.${await access.sign(input)}`
    for (const bad of [forged, none, signedByTheOtherKey, owner.token, '', 'a.b.c', `${token}.x`, 'x'.repeat(10_000)]) {
      expect(await readIdTokenHint(bad, options)).toBeUndefined()
    }
    expect(await readIdTokenHint(token, { ...options, issuer: 'https://auth.other.test' })).toBeUndefined()
  })
})

describe('userinfo', () => {
  test.each(['GET', 'POST'])('OIDC-03 tells by %s who has signed in', async (method) => {
    const { status, headers, body } = await ask(await tokenWith(ALL), { method })
    expect(status).toBe(200)
    expect(body).toEqual({
      sub: owner.userId,
      name: 'Ada Byron',
      given_name: 'Ada',
      family_name: 'Byron',
      updated_at: expect.any(Number),
      email: owner.email,
      email_verified: true,
    })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })

  test.each([
    ['openid', ['sub']],
    ['openid email', ['email', 'email_verified', 'sub']],
    ['openid profile roles:read', ['family_name', 'given_name', 'name', 'sub', 'updated_at']],
  ])('OIDC-03 of the scope %s tells no more than that', async (scope, told) => {
    expect(Object.keys((await ask(await tokenWith(scope))).body).sort()).toEqual(told)
  })

  test('6750-05 a token without openid, or of nobody, is 403 with the scope that is missing', async () => {
    const machine = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin as string })
    for (const token of [
      await tokenWith('profile email'),
      await tokenWith('provisioning-api'),
      owner.token,
      machine.token,
    ]) {
      const { status, headers, body } = await ask(token)
      expect([status, body.error]).toEqual([403, 'insufficient_scope'])
      expect(headers.get('www-authenticate')).toBe(
        'Bearer realm="gatehouse", error="insufficient_scope", scope="openid"',
      )
    }
  })

  test('6750-04 no token is 401 without an error; a bad one with', async () => {
    const none = await ask(undefined)
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="gatehouse"'])
    for (const token of ['nonsense', `${await tokenWith(ALL)}x`]) {
      const bad = await ask(token)
      const challenge = 'Bearer realm="gatehouse", error="invalid_token"'
      expect([bad.status, bad.body.error, bad.headers.get('www-authenticate')]).toEqual([
        401,
        'invalid_token',
        challenge,
      ])
    }
  })

  test('6750-02 a token in the address or the body is refused, also beside a good header', async () => {
    const token = await tokenWith(ALL)
    const form = { method: 'POST', body: new URLSearchParams({ access_token: token }) }
    const answers = [
      await ask(undefined, {}, `?access_token=${token}`),
      await ask(token, {}, `?access_token=${token}`),
      await ask(undefined, form),
      await ask(token, form),
    ]
    expect(answers.map(({ status, body }) => `${status} ${body.error}`)).toEqual(Array(4).fill('400 invalid_request'))
    expect(answers[0]?.headers.get('www-authenticate')).toContain('error="invalid_request"')
  })

  test('T8 T9 a revoked token, an ended seat and a disabled account tell nothing any more', async () => {
    const member = await aMember(service, owner, owner.roles['Read-only'] as string)
    const token = await tokenWith(ALL, member.userId)
    expect((await ask(token)).body.sub).toBe(member.userId)
    await owner.delete(`/memberships/${member.membershipId}`)
    expect((await ask(token)).status).toBe(401)
    const other = await aMember(service, owner, owner.roles['Read-only'] as string)
    const second = await tokenWith(ALL, other.userId)
    const client = { client_id: application.clientId, client_secret: application.clientSecret, token: second }
    await call(service, '/oauth/revoke', { method: 'POST', body: new URLSearchParams(client) })
    expect((await ask(second)).status).toBe(401)
    const third = await tokenWith(ALL, other.userId)
    await service.db.knex('users').where({ id: other.userId }).update({ disabled_at: new Date() })
    await service.parts.revocations.refresh()
    expect((await ask(third)).status).toBe(401)
    await expect(idToken({ userId: other.userId })).rejects.toMatchObject({ kind: 'invalid_grant' })
  })

  test('OIDC-03 a token with openid alone opens userinfo and nothing of the API', async () => {
    const caller = api(service, await tokenWith('openid'))
    // Its own organization and application are named in the token.
    for (const path of ['/roles', '/user', '/memberships', '/organizations'])
      expect([path, [403, 404].includes((await caller.get(path)).status)]).toEqual([path, true])
    const named = api(service, await tokenWith('openid profile'))
    expect((await named.get('/user')).status).not.toBe(200)
    const person = await aPerson(service)
    expect((await ask(await tokenWith('openid', person.userId))).status).toBe(401)
  })

  test('other methods are 405, and a preflight is answered', async () => {
    const answer = await ask(undefined, { method: 'DELETE' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS'])
    expect((await ask(undefined, { method: 'OPTIONS' })).status).toBe(204)
  })
})
