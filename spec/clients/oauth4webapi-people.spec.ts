import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import { anApplication, anOwner, type Owner } from '../support/api.js'
import { CALLBACK } from '../support/authorize.js'
import { browserOf, letIn, signInAt } from '../support/sign-in-at.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

jest.setTimeout(60_000)

const BYE = 'https://app.example.com/bye'
const SCOPE = 'openid profile email roles:read'

let tls: TlsService
let owner: Owner
let server: oauth.AuthorizationServer

const through = () => ({ [oauth.customFetch]: tls.fetch as never })

beforeAll(async () => {
  tls = await startTlsService()
  owner = await anOwner(tls.service)
  const issuer = new URL(tls.issuer)
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...through() })
  server = await oauth.processDiscoveryResponse(issuer, answer)
})
afterAll(() => tls.stop())

const aWebapp = (attributes: Record<string, unknown> = {}) =>
  anApplication(tls.service, owner, 'webapp', {
    attributes: { redirect_uri: CALLBACK, post_logout_redirect_uris: [BYE], ...attributes },
  })

/** The ways to be a client, each with what it needs to prove itself. */
const CLIENTS: Record<string, () => Promise<{ client: oauth.Client; authentication: oauth.ClientAuth }>> = {
  client_secret_basic: async () => {
    const { clientId, clientSecret } = await aWebapp()
    return { client: { client_id: clientId }, authentication: oauth.ClientSecretBasic(clientSecret) }
  },
  private_key_jwt: async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] }
    const { clientId } = await aWebapp({ jwks })
    return { client: { client_id: clientId }, authentication: oauth.PrivateKeyJwt({ key: privateKey, kid: 'k1' }) }
  },
  none: async () => {
    const { clientId } = await aWebapp({ confidential: false })
    return { client: { client_id: clientId }, authentication: oauth.None() }
  },
}

async function challenge() {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const nonce = oauth.generateRandomNonce()
  const parameters = new URLSearchParams({
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: SCOPE,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  return { verifier, state, nonce, parameters }
}

const roles = async (token: string): Promise<number> => {
  const url = new URL(`https://provisioning.${tls.domain}/api/roles`)
  const headers = new Headers({ accept: 'application/vnd.api+json' })
  const answer = await oauth
    .protectedResourceRequest(token, 'GET', url, headers, null, through())
    .catch((error: { status: number }) => error)
  return answer.status
}

test.each(Object.keys(CLIENTS))(
  'a strict client with %s: push, sign in, id_token, userinfo, refresh, revoke, log out',
  async (way) => {
    expect(server.token_endpoint_auth_methods_supported).toContain(way)
    const { client, authentication } = await (CLIENTS[way] as (typeof CLIENTS)[string])()
    const { verifier, state, nonce, parameters } = await challenge()
    const pushed = await oauth.pushedAuthorizationRequest(server, client, authentication, parameters, through())
    const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, pushed)

    const browser = await browserOf(tls, owner.userId)
    const address = new URL(server.authorization_endpoint ?? '')
    address.search = new URLSearchParams({ client_id: client.client_id, request_uri }).toString()
    // 9207-01: refuses an answer without the right `iss`, because the metadata promise one.
    const answered = oauth.validateAuthResponse(server, client, await signInAt(browser, address), state)

    const granted = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      answered,
      CALLBACK,
      verifier,
      through(),
    )
    // OIDC-01: iss, aud, exp, nonce and auth_time are checked here, the signature by the published keys below.
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, granted, {
      expectedNonce: nonce,
      maxAge: 3600,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(server, granted, through())
    const claims = oauth.getValidatedIdTokenClaims(tokens)
    expect(claims).toMatchObject({ sub: owner.userId, email: owner.email, name: 'Ada Byron', amr: ['pwd'] })
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: SCOPE, expires_in: 7200 })
    expect(await roles(tokens.access_token)).toBe(200)

    const told = await oauth.userInfoRequest(server, client, tokens.access_token, through())
    const person = await oauth.processUserInfoResponse(server, client, owner.userId, told)
    expect(person).toMatchObject({ sub: claims?.sub, email: owner.email, email_verified: true })

    const refreshed = await oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token ?? '', through()),
    )
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
    expect(await roles(refreshed.access_token)).toBe(200)

    if (way !== 'none') {
      const ask = async (token: string) =>
        oauth.processIntrospectionResponse(
          server,
          client,
          await oauth.introspectionRequest(server, client, authentication, token, through()),
        )
      expect(await ask(refreshed.access_token)).toMatchObject({ active: true, sub: owner.userId, scope: SCOPE })
      expect(await ask('nonsense')).toEqual({ active: false })
    }

    const revoked = await oauth.revocationRequest(
      server,
      client,
      authentication,
      refreshed.refresh_token ?? '',
      through(),
    )
    await oauth.processRevocationResponse(revoked)
    expect(await roles(refreshed.access_token)).toBe(401)

    const bye = new URL(server.end_session_endpoint ?? '')
    const logout = { id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: BYE, state: 'so long' }
    bye.search = new URLSearchParams(logout).toString()
    const gone = await browser.get(`${bye.pathname}${bye.search}`)
    expect(gone.location).toBe(`${BYE}?state=so+long`)
    expect((await browser.follow(await browser.get('/account'))).path).toMatch(/^\/login/)
  },
)

test('9207-01 an answer that comes from another server is refused by the client', async () => {
  const { client } = await (CLIENTS.none as (typeof CLIENTS)[string])()
  const { state, parameters } = await challenge()
  const address = new URL(server.authorization_endpoint ?? '')
  parameters.set('client_id', client.client_id)
  address.search = parameters.toString()
  const back = await signInAt(await browserOf(tls, owner.userId), address)
  expect(back.searchParams.get('iss')).toBe(server.issuer)
  back.searchParams.set('iss', 'https://auth.other.test')
  expect(() => oauth.validateAuthResponse(server, client, back, state)).toThrow('iss')
})

test('8628-01 a device is let in by a browser', async () => {
  const client: oauth.Client = { client_id: 'gatehouse-dashboard' }
  const none = oauth.None()
  const parameters = new URLSearchParams({ scope: 'provisioning-api' })
  const begun = await oauth.deviceAuthorizationRequest(server, client, none, parameters, through())
  const device = await oauth.processDeviceAuthorizationResponse(server, client, begun)
  const poll = async () =>
    oauth.processDeviceCodeResponse(
      server,
      client,
      await oauth.deviceCodeGrantRequest(server, client, none, device.device_code, through()),
    )
  await expect(poll()).rejects.toMatchObject({ error: 'authorization_pending' })
  await letIn(await browserOf(tls, owner.userId), device.verification_uri_complete ?? '')
  await new Promise((resolve) => setTimeout(resolve, ((device.interval ?? 5) + 0.1) * 1000))
  const tokens = await poll()
  expect(tokens.scope).toBe('provisioning-api')
  expect(await roles(tokens.access_token)).toBe(200)
})
