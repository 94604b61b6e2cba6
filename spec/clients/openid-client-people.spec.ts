import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import * as client from 'openid-client'
import { anApplication, anOwner, type Owner } from '../support/api.js'
import { CALLBACK } from '../support/authorize.js'
import { aBrowser } from '../support/browser.js'
import { browserOf, letIn, signInAt } from '../support/sign-in-at.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

jest.setTimeout(60_000)

const BYE = 'https://app.example.com/bye'

let tls: TlsService
let owner: Owner
let webapp: Awaited<ReturnType<typeof anApplication>>

beforeAll(async () => {
  tls = await startTlsService()
  owner = await anOwner(tls.service)
  const attributes = { redirect_uri: CALLBACK, post_logout_redirect_uris: [BYE] }
  webapp = await anApplication(tls.service, owner, 'webapp', { attributes })
})
afterAll(() => tls.stop())

const discover = async (clientId: string, authentication: client.ClientAuth): Promise<client.Configuration> => {
  const configuration = await client.discovery(new URL(tls.issuer), clientId, undefined, authentication, {
    [client.customFetch]: tls.fetch as client.CustomFetch,
  })
  client.enableNonRepudiationChecks(configuration)
  return configuration
}

test.each([false, true])(
  'sign-in with PKCE and nonce, userinfo, introspection, refresh, revocation, logout (pushed: %s)',
  async (pushed) => {
    const configuration = await discover(webapp.clientId, client.ClientSecretPost(webapp.clientSecret))
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()]
    const parameters = {
      redirect_uri: CALLBACK,
      scope: 'openid email provisioning-api',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
      max_age: '600',
    }
    const address = pushed
      ? await client.buildAuthorizationUrlWithPAR(configuration, parameters)
      : client.buildAuthorizationUrl(configuration, parameters)
    const browser = await browserOf(tls, owner.userId)
    const back = await signInAt(browser, address)
    const checks = { pkceCodeVerifier, expectedState, expectedNonce, maxAge: 600, idTokenExpected: true }
    const tokens = await client.authorizationCodeGrant(configuration, back, checks)
    const claims = tokens.claims()
    expect(claims).toMatchObject({ iss: tls.issuer, sub: owner.userId, aud: webapp.clientId, email: owner.email })

    const person = await client.fetchUserInfo(configuration, tokens.access_token, owner.userId)
    expect(person).toEqual({ sub: owner.userId, email: owner.email, email_verified: true })
    expect(await client.tokenIntrospection(configuration, tokens.access_token)).toMatchObject({
      active: true,
      client_id: webapp.clientId,
      sub: owner.userId,
    })

    const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '')
    expect(refreshed.claims()?.sub).toBe(owner.userId)
    await client.tokenRevocation(configuration, refreshed.refresh_token ?? '', { token_type_hint: 'refresh_token' })
    expect(await client.tokenIntrospection(configuration, refreshed.access_token)).toEqual({ active: false })
    await expect(client.refreshTokenGrant(configuration, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })

    const bye = client.buildEndSessionUrl(configuration, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: BYE,
      state: 's',
    })
    expect((await browser.get(`${bye.pathname}${bye.search}`)).location).toBe(`${BYE}?state=s`)
  },
)

test('OIDC-02 prompt=none of nobody is login_required, as the client tells', async () => {
  const configuration = await discover(webapp.clientId, client.ClientSecretPost(webapp.clientSecret))
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: CALLBACK,
    scope: 'openid',
    prompt: 'none',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
  })
  const back = await signInAt(aBrowser(tls.service), address)
  await expect(
    client.authorizationCodeGrant(configuration, back, { pkceCodeVerifier, expectedState }),
  ).rejects.toMatchObject({ error: 'login_required' })
})

test('8628-02 a device polls until it is let in', async () => {
  const configuration = await discover('gatehouse-dashboard', client.None())
  const device = await client.initiateDeviceAuthorization(configuration, { scope: 'openid provisioning-api' })
  const polled = client.pollDeviceAuthorizationGrant(configuration, device)
  await letIn(await browserOf(tls, owner.userId), device.verification_uri_complete ?? '')
  const tokens = await polled
  expect(tokens.claims()?.sub).toBe(owner.userId)
  const url = new URL(`https://provisioning.${tls.domain}/api/user`)
  const headers = new Headers({ accept: 'application/vnd.api+json' })
  const answer = await client.fetchProtectedResource(configuration, tokens.access_token, url, 'GET', undefined, headers)
  expect(answer.status).toBe(200)
})
