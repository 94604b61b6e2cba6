import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'
import { metadataPaths } from '../../src/oauth/metadata.js'
import { anApplication, anOwner, type Body, call, type Owner, type Reply } from '../support/api.js'
import { aChallenge, allow, answerOf, aRequest, authorizePath, aWebapp, begin, CALLBACK } from '../support/authorize.js'
import { aBrowser } from '../support/browser.js'
import { aShopper } from '../support/grants.js'
import { basic } from '../support/oauth-service.js'
import { type Service, startService } from '../support/service.js'

jest.setTimeout(60_000)

const OAUTH = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

let service: Service
let owner: Owner
let document: Record<string, Body>
let webapp: Awaited<ReturnType<typeof aWebapp>>
let machine: Awaited<ReturnType<typeof anApplication>>
let keys: Map<string, CryptoKey>

type Form = Record<string, string>

/** Keys of every algorithm; one RSA key serves all of its kind. */
async function makeKeys(algorithms: readonly string[]) {
  const pairs = new Map<string, CryptoKey>()
  const rsa = await generateKeyPair('RS256', { extractable: true })
  const jwks = []
  for (const alg of algorithms) {
    const pair = /^[RP]S/.test(alg) ? rsa : await generateKeyPair(alg, { extractable: true })
    const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...jwk } = await exportJWK(pair.publicKey)
    jwks.push({ ...jwk, kid: alg, alg, use: 'sig' })
    // A key of jose knows its algorithm; another one of the family needs its own view of it.
    const own = /^[RP]S/.test(alg) && alg !== 'RS256' ? await reimported(rsa.privateKey, alg) : pair.privateKey
    pairs.set(alg, own)
  }
  return { pairs, jwks: { keys: jwks } }
}

async function reimported(key: CryptoKey, alg: string): Promise<CryptoKey> {
  return (await importJWK({ ...(await exportJWK(key)), alg }, alg)) as CryptoKey
}

beforeAll(async () => {
  service = await startService()
  document = (await call(service, OAUTH)).body
  owner = await anOwner(service)
  const made = await makeKeys(document.token_endpoint_auth_signing_alg_values_supported)
  keys = made.pairs
  const attributes = { post_logout_redirect_uris: ['https://app.example.com/'] }
  webapp = await aWebapp(service, owner, attributes)
  machine = await anApplication(service, owner, 'integration', {
    roleId: owner.roles.Admin as string,
    attributes: { jwks: made.jwks },
  })
})
afterAll(() => service.stop())

const here = (url: string): string => new URL(url).pathname

const post = (endpoint: string, form: Form, headers: Form = {}): Promise<Reply> =>
  call(service, here(document[endpoint]), { method: 'POST', body: new URLSearchParams(form), headers })

const tokens = (form: Form): Promise<Reply> => post('token_endpoint', form)
const secretOf = ({ clientId, clientSecret }: { clientId: string; clientSecret: string }): Form => ({
  client_id: clientId,
  client_secret: clientSecret,
})

const assertion = async (alg: string, clientId = machine.clientId): Promise<Form> => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg, kid: alg })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(document.issuer)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(keys.get(alg) as CryptoKey),
})

/** A browser in which the owner is signed in. */
async function signedIn() {
  const browser = aBrowser(service)
  await browser.signIn(owner.userId)
  return browser
}

/** A code, by way of the authorization endpoint, and what redeems it. */
async function codeFor(scope: string, over: Record<string, string | undefined> = {}): Promise<Form> {
  const { verifier, challenge } = aChallenge()
  const request = aRequest(webapp.clientId, { scope, code_challenge: challenge, ...over })
  const { code = '' } = await allow(await signedIn(), request)
  const pkce = over.code_challenge === undefined ? { code_verifier: verifier } : {}
  return { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...pkce, ...secretOf(webapp) }
}

async function deviceForm(): Promise<Form> {
  const client = { client_id: 'gatehouse-dashboard' }
  const { body } = await post('device_authorization_endpoint', { ...client, scope: 'provisioning-api' })
  const browser = await signedIn()
  let page = await browser.follow(
    await browser.get(here(body.verification_uri_complete) + new URL(body.verification_uri_complete).search),
  )
  for (let turn = 0; turn < 4 && page.forms.length > 0; turn += 1) {
    const allows = page.forms.some(({ controls }) => controls.some(({ value }) => value === 'allow'))
    page = await browser.follow(await browser.submit(page, {}, allows ? { press: 'allow' } : {}))
    if (allows) break
  }
  return { grant_type: DEVICE, device_code: body.device_code, ...client }
}

/** How each grant is used, by a client that may. */
const GRANTS: Record<string, () => Promise<Form>> = {
  client_credentials: async () => ({ grant_type: 'client_credentials', ...secretOf(machine) }),
  authorization_code: () => codeFor('market:all'),
  refresh_token: async () => {
    const { body } = await tokens(await codeFor('market:all'))
    return { grant_type: 'refresh_token', refresh_token: body.refresh_token, ...secretOf(webapp) }
  },
  password: async () => (await aShopper(service, owner)).form,
  [JWT_BEARER]: async () => {
    const claims = { 'https://commercelayer.io/claims': { owner: { type: 'User', id: owner.userId } } }
    const signed = new SignJWT(claims).setProtectedHeader({ alg: 'HS512', typ: 'JWT' })
    const secret = new TextEncoder().encode('cl'.padEnd(64, 'x'))
    const given = await signed.setIssuedAt().setExpirationTime('1m').sign(secret)
    return { grant_type: JWT_BEARER, assertion: given, ...secretOf(webapp) }
  },
  [DEVICE]: deviceForm,
}

describe('the metadata', () => {
  test('8414-01 stand at both well-known paths, the issuer’s path behind them, and before for OpenID Connect', async () => {
    expect((await call(service, OPENID)).body).toEqual(document)
    expect(metadataPaths('https://auth.test')).toEqual([OAUTH, OPENID])
    expect(metadataPaths('https://auth.test/deep/er')).toEqual([
      OAUTH,
      `${OAUTH}/deep/er`,
      OPENID,
      `${OPENID}/deep/er`,
      `/deep/er${OPENID}`,
    ])
  })

  test('8414-02 the issuer is the one in the tokens, whatever Host was asked', async () => {
    const evil = { 'X-Forwarded-Host': 'evil.test', Forwarded: 'host=evil.test' }
    const { body } = await post('token_endpoint', { grant_type: 'client_credentials', ...secretOf(machine) }, evil)
    expect(decodeJwt(body.access_token).iss).toBe(document.issuer)
    expect(document.issuer).toBe('https://auth.gatehouse.test')
    expect(JSON.stringify((await call(service, OAUTH, { headers: evil })).body)).not.toContain('evil')
  })

  test('8414-03 have what is required, and what OpenID Connect requires', () => {
    const required =
      'issuer authorization_endpoint token_endpoint response_types_supported jwks_uri grant_types_supported ' +
      'code_challenge_methods_supported revocation_endpoint introspection_endpoint device_authorization_endpoint ' +
      'pushed_authorization_request_endpoint authorization_response_iss_parameter_supported scopes_supported ' +
      'token_endpoint_auth_methods_supported token_endpoint_auth_signing_alg_values_supported userinfo_endpoint ' +
      'end_session_endpoint subject_types_supported id_token_signing_alg_values_supported claims_supported'
    for (const name of required.split(' ')) expect([name, document[name]]).not.toEqual([name, undefined])
  })

  test('8414-04 no empty list, no algorithm none, no cache longer than five minutes', async () => {
    for (const value of Object.values(document)) expect(value).not.toEqual([])
    for (const [name, value] of Object.entries(document)) {
      if (name.includes('alg')) expect(value).not.toContain('none')
    }
    expect((await call(service, OAUTH)).headers.get('cache-control')).toBe('public, max-age=300')
  })

  test('8414-06 the JWKS may be kept five minutes and read by browsers, and has public parts only', async () => {
    const { headers, body } = await call(service, here(document.jwks_uri))
    expect(headers.get('cache-control')).toBe('public, max-age=300')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(new Set(body.keys.map(({ alg }: Body) => alg))).toEqual(new Set(['RS256', 'RS512']))
    for (const key of body.keys) {
      expect(key).toMatchObject({ use: 'sig', kid: expect.stringMatching(/^[0-9a-f]{64}$/) })
      for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(part)
    }
    expect((await call(service, here(document.jwks_uri), { method: 'POST' })).status).toBe(405)
  })
})

describe('8414-05 what is advertised works, and nothing else', () => {
  /** What each endpoint answers to the least that can be asked of it; every endpoint must be here. */
  const ENDPOINTS: Record<string, [method: string, status: number]> = {
    authorization_endpoint: ['GET', 400],
    token_endpoint: ['POST', 400],
    revocation_endpoint: ['POST', 401],
    introspection_endpoint: ['POST', 401],
    pushed_authorization_request_endpoint: ['POST', 401],
    device_authorization_endpoint: ['POST', 401],
    userinfo_endpoint: ['GET', 401],
    end_session_endpoint: ['GET', 200],
    jwks_uri: ['GET', 200],
  }

  test('every endpoint', async () => {
    const advertised = Object.keys(document).filter((name) => /_endpoint$|_uri$/.test(name))
    expect(advertised.sort()).toEqual(Object.keys(ENDPOINTS).sort())
    for (const [name, [method, status]] of Object.entries(ENDPOINTS)) {
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await call(service, here(document[name]), method === 'POST' ? { method, headers: form } : {})
      expect([name, answer.status]).toEqual([name, status])
    }
  })

  test('every grant, and no other', async () => {
    expect([...document.grant_types_supported].sort()).toEqual(Object.keys(GRANTS).sort())
    for (const [grant, formOf] of Object.entries(GRANTS)) {
      const { status, body } = await tokens(await formOf())
      expect([grant, status, body.error]).toEqual([grant, 200, undefined])
    }
    for (const grant_type of ['implicit', 'urn:ietf:params:oauth:grant-type:token-exchange', 'none']) {
      expect((await tokens({ grant_type, ...secretOf(machine) })).body.error).toBe('unsupported_grant_type')
    }
  })

  test('every way of client authentication, at every endpoint that has them; introspection takes no public client', async () => {
    const channel = await anApplication(service, owner, 'sales_channel')
    const grant: Form = { grant_type: 'client_credentials' }
    const ways: Record<string, (endpoint: string, form: Form) => Promise<Reply>> = {
      client_secret_post: (endpoint, form) => post(endpoint, { ...form, ...secretOf(machine) }),
      client_secret_basic: (endpoint, form) => post(endpoint, form, basic(machine.clientId, machine.clientSecret)),
      private_key_jwt: async (endpoint, form) => post(endpoint, { ...form, ...(await assertion('ES256')) }),
      none: (endpoint, form) => post(endpoint, { ...form, client_id: channel.clientId }),
    }
    const forms: Record<string, Form> = { token: grant, revocation: { token: 'x' }, introspection: { token: 'x' } }
    for (const [endpoint, form] of Object.entries(forms)) {
      const advertised: string[] = document[`${endpoint}_endpoint_auth_methods_supported`]
      for (const [way, ask] of Object.entries(ways)) {
        const { status } = await ask(`${endpoint}_endpoint`, form)
        expect([endpoint, way, status]).toEqual([endpoint, way, advertised.includes(way) ? 200 : 401])
      }
      expect(advertised.filter((way) => !(way in ways))).toEqual([])
    }
  })

  test('every algorithm of client assertions, and no HMAC', async () => {
    for (const alg of document.token_endpoint_auth_signing_alg_values_supported) {
      const { status } = await tokens({ grant_type: 'client_credentials', ...(await assertion(alg)) })
      expect([alg, status]).toEqual([alg, 200])
    }
    for (const name of ['revocation', 'introspection']) {
      const listed = document[`${name}_endpoint_auth_signing_alg_values_supported`]
      expect(listed).toEqual(document.token_endpoint_auth_signing_alg_values_supported)
    }
    expect(document.token_endpoint_auth_signing_alg_values_supported).not.toContain('HS256')
  })

  test('every scope, in a token of a webapp; an unknown one is refused', async () => {
    for (const scope of document.scopes_supported) {
      const { status, body } = await tokens(await codeFor(scope))
      expect([scope, status, body.scope]).toEqual([scope, 200, scope])
    }
    const answer = answerOf(await begin(await signedIn(), aRequest(webapp.clientId, { scope: 'offline' })))
    expect(answer.error).toBe('invalid_scope')
  })

  test('9207-01 the response type and mode, with `iss`, also in a refusal; 9207-02 the flag is true', async () => {
    expect([document.response_types_supported, document.response_modes_supported]).toEqual([['code'], ['query']])
    expect(document.authorization_response_iss_parameter_supported).toBe(true)
    const good = await allow(await signedIn(), aRequest(webapp.clientId, { response_mode: 'query' }))
    expect(good).toEqual({ code: expect.any(String), iss: document.issuer, state: 'a state' })
    for (const over of [
      { response_type: 'token' },
      { response_type: 'code id_token' },
      { response_mode: 'fragment' },
      { response_mode: 'form_post' },
    ]) {
      const bad = answerOf(await begin(await signedIn(), aRequest(webapp.clientId, over)))
      expect(bad).toMatchObject({ error: 'unsupported_response_type', iss: document.issuer })
    }
  })

  test('S256 is the one way to challenge', async () => {
    expect(document.code_challenge_methods_supported).toEqual(['S256'])
    for (const code_challenge_method of ['plain', 's256', undefined]) {
      const request = aRequest(webapp.clientId, { code_challenge_method })
      expect(answerOf(await begin(await signedIn(), request)).error).toBe('invalid_request')
    }
  })

  test('OIDC-02 every prompt does what it says', async () => {
    const asked: Record<string, (request: Form) => Promise<string | undefined>> = {
      none: async (request) => answerOf(await begin(aBrowser(service), request)).error,
      login: async (request) => (await begin(await signedIn(), request)).path.split('?')[0],
      select_account: async (request) => (await begin(await signedIn(), request)).path.split('?')[0],
      consent: async (request) => {
        const browser = await signedIn()
        await allow(browser, { ...request, prompt: '' })
        return (await begin(browser, request)).forms.some(({ controls }) =>
          controls.some(({ value }) => value === 'allow'),
        )
          ? 'asked'
          : undefined
      },
    }
    const outcomes: Record<string, string> = {
      none: 'login_required',
      login: '/login',
      select_account: '/login',
      consent: 'asked',
    }
    expect([...document.prompt_values_supported].sort()).toEqual(Object.keys(asked).sort())
    for (const [prompt, ask] of Object.entries(asked)) {
      expect([prompt, await ask(aRequest(webapp.clientId, { prompt }))]).toEqual([prompt, outcomes[prompt]])
    }
  })

  test('OIDC-04 every claim is told, and no other; id_tokens are signed as advertised', async () => {
    await service.db.knex('users').where({ id: owner.userId }).update({ time_zone: 'Europe/Vienna' })
    const { body } = await tokens(await codeFor('openid profile email', { nonce: 'n' }))
    const told = await call(service, here(document.userinfo_endpoint), {
      headers: { authorization: `Bearer ${body.access_token}` },
    })
    const idToken = decodeJwt(body.id_token)
    const claims = new Set([...Object.keys(idToken), ...Object.keys(told.body)])
    expect([...claims].sort()).toEqual([...document.claims_supported].sort())
    expect(told.body.sub).toBe(idToken.sub)
    expect(document.id_token_signing_alg_values_supported).toEqual([decodeProtectedHeader(body.id_token).alg])
    expect(document.subject_types_supported).toEqual(['public'])
  })

  test('what is advertised as missing is refused', async () => {
    const browser = await signedIn()
    expect(document).toMatchObject({ request_parameter_supported: false, request_uri_parameter_supported: false })
    const byValue = await begin(browser, aRequest(webapp.clientId, { request: 'x.y.z' }))
    expect(answerOf(byValue).error).toBe('request_not_supported')
    const byReference = aRequest(webapp.clientId, { request_uri: 'https://app.example.com/request' })
    expect(answerOf(await begin(browser, byReference)).error).toBe('request_uri_not_supported')
    expect((await browser.get(authorizePath({ client_id: 'nobody' }))).location).toBeUndefined()
  })
})
