import {
  authenticate,
  getCoreApiBaseEndpoint,
  getProvisioningApiBaseEndpoint,
  getTokenType,
  InvalidTokenError,
  jwtDecode,
  jwtIsIntegration,
  jwtIsSalesChannel,
  jwtIsUser,
  jwtVerify,
} from '@commercelayer/js-auth'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anApplication, anOwner, type Owner } from '../support/api.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

let tls: TlsService
let owner: Owner
let token: string

const tokenOf = async (clientId: string, clientSecret?: string): Promise<string> => {
  const client = clientSecret === undefined ? { clientId } : { clientId, clientSecret }
  return (await authenticate('client_credentials', { domain: tls.domain, ...client })).accessToken
}

beforeAll(async () => {
  tls = await startTlsService()
  owner = await anOwner(tls.service)
  token = await tokenOf(owner.clientId, owner.clientSecret)
})
afterAll(() => tls.stop())

test('our token passes jwtVerify against our own key set, fetched from the issuer', async () => {
  tls.asked.length = 0
  const { header, payload } = await jwtVerify(token)
  expect(tls.asked).toEqual([`GET ${tls.issuer}/.well-known/jwks.json`])
  expect(header).toMatchObject({ alg: 'RS512', typ: 'JWT' })
  expect(payload).toEqual(jwtDecode(token).payload)
  expect(payload).toMatchObject({
    iss: tls.issuer,
    user: { id: owner.userId },
    application: { kind: 'user' },
    scope: 'provisioning-api',
    test: false,
  })
})

test('the key set is read once for many tokens of one key', async () => {
  await jwtVerify(token)
  tls.asked.length = 0
  await jwtVerify(await tokenOf(owner.clientId, owner.clientSecret))
  expect(tls.asked.filter((one) => one.includes('jwks'))).toEqual([])
})

const middle = (part: string): string => {
  const at = Math.floor(part.length / 2)
  return `${part.slice(0, at)}${part[at] === 'A' ? 'B' : 'A'}${part.slice(at + 1)}`
}

test('a changed signature is refused', async () => {
  const [header, payload, signature = ''] = token.split('.')
  await expect(jwtVerify([header, payload, middle(signature)].join('.'))).rejects.toThrow(InvalidTokenError)
})

test('a changed payload is refused', async () => {
  const [header, payload = '', signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify({ ...claims, user: { id: 'AAAAAAAAAA' } })).toString('base64url')
  await expect(jwtVerify([header, forged, signature].join('.'))).rejects.toThrow('Invalid signature')
})

test('a key that is not ours is refused', async () => {
  const [, payload, signature] = token.split('.')
  const header = { ...jwtDecode(token).header, kid: '0'.repeat(64) }
  const forged = Buffer.from(JSON.stringify(header)).toString('base64url')
  await expect(jwtVerify([forged, payload, signature].join('.'))).rejects.toThrow('Invalid token "kid"')
})

test('the helpers of js-auth tell the kinds apart and find our endpoints', async () => {
  const integration = await anApplication(tls.service, owner, 'integration', { roleId: owner.roles.Admin as string })
  const channel = await anApplication(tls.service, owner, 'sales_channel')
  const machine = await tokenOf(integration.clientId, integration.clientSecret)
  const guest = await tokenOf(channel.clientId)
  const kinds = [token, machine, guest].map((one) => jwtDecode(one).payload)
  expect(kinds.map(jwtIsUser)).toEqual([true, false, false])
  expect(kinds.map(jwtIsIntegration)).toEqual([false, true, false])
  expect(kinds.map(jwtIsSalesChannel)).toEqual([false, false, true])
  expect(kinds.map(getTokenType)).toEqual(['user:guest', 'integration:guest', 'sales_channel:guest'])
  for (const one of [machine, guest]) await jwtVerify(one)
  expect(getProvisioningApiBaseEndpoint(token)).toBe(`https://provisioning.${tls.domain}`)
  expect(getCoreApiBaseEndpoint(machine)).toBe(`https://${owner.organization.attributes.slug}.${tls.domain}`)
})

test('payloads are plain for `atob`, which the SDK uses to see whether a token has expired', () => {
  const payload = token.split('.')[1] ?? ''
  expect(payload).not.toMatch(/[-_]/)
  expect(JSON.parse(atob(payload)).exp).toBeGreaterThan(Date.now() / 1000)
})
