import { authenticate, createAssertion, jwtDecode, jwtIsWebApp, jwtVerify, revoke } from '@commercelayer/js-auth'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { anApplication, anOwner, type Owner } from '../support/api.js'
import { aChallenge, aRequest, authorizePath, CALLBACK } from '../support/authorize.js'
import { aShopper } from '../support/grants.js'
import { browserOf, signInAt } from '../support/sign-in-at.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

jest.setTimeout(60_000)

let tls: TlsService
let owner: Owner
let webapp: Awaited<ReturnType<typeof anApplication>>
let shopper: Awaited<ReturnType<typeof aShopper>>

beforeAll(async () => {
  tls = await startTlsService()
  owner = await anOwner(tls.service)
  webapp = await anApplication(tls.service, owner, 'webapp', { attributes: { redirect_uri: CALLBACK } })
  shopper = await aShopper(tls.service, owner)
})
afterAll(() => tls.stop())

const statusOf = async (token: string): Promise<number> => {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/vnd.api+json' }
  return (await tls.fetch(`https://provisioning.${tls.domain}/api/organization`, { headers })).status
}

/** Signs the owner in to the webapp, and redeems the code as the README of js-auth does. */
async function signedIn() {
  const { verifier, challenge } = aChallenge()
  const request = aRequest(webapp.clientId, { scope: 'market:all', code_challenge: challenge })
  const back = await signInAt(
    await browserOf(tls, owner.userId),
    `https://dashboard.${tls.domain}${authorizePath(request)}`,
  )
  const options = {
    domain: tls.domain,
    clientId: webapp.clientId,
    clientSecret: webapp.clientSecret,
    code: back.searchParams.get('code') ?? '',
    redirectUri: CALLBACK,
    // Not in its type; it sends whatever it is given.
    codeVerifier: verifier,
  }
  return authenticate('authorization_code', options)
}

const guest = () => ({ domain: tls.domain, clientId: shopper.channel.clientId })

test('client_credentials', async () => {
  const auth = await authenticate('client_credentials', guest())
  expect(auth).toMatchObject({ tokenType: 'bearer', scope: 'market:all' })
  expect(await statusOf(auth.accessToken)).toBe(200)
})

test('password, and refresh_token by the storefront', async () => {
  const { email: username, password } = shopper
  const auth = await authenticate('password', { ...guest(), username, password })
  expect(auth).toMatchObject({ ownerId: shopper.customerId, ownerType: 'customer', tokenType: 'bearer' })
  const { payload } = await jwtVerify(auth.accessToken)
  expect(payload).toMatchObject({ owner: { type: 'Customer', id: shopper.customerId } })
  const next = await authenticate('refresh_token', { ...guest(), refreshToken: auth.refreshToken })
  expect(next).toMatchObject({ ownerId: shopper.customerId, ownerType: 'customer' })
  expect(next.refreshToken).not.toBe(auth.refreshToken)
  expect(await statusOf(next.accessToken)).toBe(200)
})

test('authorization_code, and refresh_token with the secret', async () => {
  const auth = await signedIn()
  expect(auth).toMatchObject({ ownerId: owner.userId, ownerType: 'user', tokenType: 'bearer', scope: 'market:all' })
  expect(jwtIsWebApp(jwtDecode(auth.accessToken).payload)).toBe(true)
  await jwtVerify(auth.accessToken)
  const { clientId, clientSecret } = webapp
  const options = { domain: tls.domain, clientId, clientSecret, refreshToken: auth.refreshToken }
  const next = await authenticate('refresh_token', options)
  expect(next).toMatchObject({ ownerId: owner.userId, ownerType: 'user' })
  expect(await statusOf(next.accessToken)).toBe(200)
})

test('jwt-bearer, with its own assertion', async () => {
  const { customerId, channel } = shopper
  const claims = { owner: { type: 'Customer' as const, id: customerId }, custom_claim: { basket: 'größer' } }
  const assertion = await createAssertion({ payload: { 'https://commercelayer.io/claims': claims } })
  const auth = await authenticate('urn:ietf:params:oauth:grant-type:jwt-bearer', {
    ...guest(),
    clientSecret: channel.clientSecret,
    assertion,
  })
  expect(auth).toMatchObject({ ownerId: customerId, ownerType: 'customer' })
  expect(jwtDecode(auth.accessToken).payload).toMatchObject({ custom_claim: { basket: 'größer' } })
})

test('revoke ends an access token; revoke of a refresh token ends the family with its access tokens', async () => {
  const { clientId, clientSecret } = webapp
  const client = { clientId, clientSecret }
  const first = await signedIn()
  expect(await revoke({ ...client, token: first.accessToken })).toEqual({})
  expect(await statusOf(first.accessToken)).toBe(401)
  // js-auth finds the issuer in the refresh token itself.
  const second = await signedIn()
  tls.asked.length = 0
  expect(await revoke({ ...client, token: second.refreshToken })).toEqual({})
  expect(tls.asked).toEqual([`POST ${tls.issuer}/oauth/revoke`])
  expect(await statusOf(second.accessToken)).toBe(401)
  const again = await authenticate('refresh_token', {
    domain: tls.domain,
    ...client,
    refreshToken: second.refreshToken,
  })
  expect(again.errors?.[0]).toMatchObject({ title: 'invalid_grant', status: 400 })
})
