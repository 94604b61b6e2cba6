import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { aCredential, anOrganization, type Organization } from '../support/credentials.js'
import {
  GRANT,
  type OAuthService,
  of,
  postForm,
  postText,
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
let webapp: Credential

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
  webapp = await aCredential(service.db, secrets, { organization, kind: 'webapp' })
})

afterAll(() => service.stop())

describe('a token request is refused', () => {
  test('6749-08 GET, PUT and DELETE are no methods of the endpoint', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await send(token, { method })
      expect(refusal(answer)).toBe('405 invalid_request METHOD_NOT_ALLOWED')
      expect(answer.headers.get('allow')).toBe('POST, OPTIONS')
    }
  })

  test('T16 a secret in the URL is refused, even if the body is right', async () => {
    for (const query of [
      'client_secret=x',
      `client_id=${channel.clientId}`,
      'grant_type=client_credentials',
      'scope=a',
    ]) {
      expect(refusal(await postForm(`${token}?${query}`, of(channel)))).toBe('400 invalid_request BAD_REQUEST')
    }
    expect((await postForm(`${token}?utm_source=x`, of(channel))).status).toBe(200)
  })

  test('6749-19 and 6749-22 a client whose kind may not use the grant', async () => {
    expect(refusal(await postForm(token, of(webapp)))).toBe('400 unauthorized_client BAD_REQUEST')
    const spa = await aCredential(service.db, secrets, { organization, kind: 'webapp', extra: { confidential: false } })
    const alone = { ...GRANT, client_id: spa.clientId }
    expect(refusal(await postForm(token, alone))).toBe('400 unauthorized_client BAD_REQUEST')
  })

  test('6749-22 an unknown grant, and one that is missing', async () => {
    for (const grant_type of ['implicit', 'constructor', '__proto__', 'Client_Credentials']) {
      const answer = await postForm(token, { ...of(integration), grant_type })
      expect(refusal(answer)).toBe('400 unsupported_grant_type BAD_REQUEST')
    }
    for (const grant of [{}, { grant_type: '' }]) {
      const { client_id, client_secret } = of(integration)
      expect(refusal(await postForm(token, { client_id, client_secret, ...grant }))).toBe(
        '400 invalid_request BAD_REQUEST',
      )
    }
  })

  test('6749-13 a scope that is unknown or not this client’s', async () => {
    for (const scope of ['provisioning-api', 'nonsense', 'Market:all', 'openid', ' ']) {
      const answer = await postForm(token, { ...GRANT, client_id: channel.clientId, scope })
      expect([scope, refusal(answer)]).toEqual([scope, '400 invalid_scope BAD_REQUEST'])
    }
  })

  test('R13 bodies that are no token request', async () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const json = { 'Content-Type': 'application/json' }
    const bad: [string, Record<string, string>][] = [
      ['', form],
      ['grant_type=client_credentials', { 'Content-Type': 'text/plain' }],
      ['{', json],
      ['[]', json],
      ['null', json],
      [JSON.stringify({ ...GRANT, client_id: ['a'] }), json],
      [JSON.stringify({ ...GRANT, client_id: channel.clientId, scope: 5 }), json],
      [`${new URLSearchParams(of(channel))}&scope=a&scope=b`, form],
      [`${new URLSearchParams(of(channel))}&scope[]=a`, form],
      [`${new URLSearchParams(of(channel))}&scope=%00`, form],
      ['['.repeat(60_000), json],
      ['\u001f\u008b', { ...form, 'Content-Encoding': 'gzip' }],
      // Said to be compressed, whatever it is.
      [`${new URLSearchParams(of(channel))}`, { ...form, 'Content-Encoding': 'gzip' }],
    ]
    for (const [body, headers] of bad) {
      expect([body.slice(0, 30), refusal(await postText(token, body, headers))]).toEqual([
        body.slice(0, 30),
        '400 invalid_request BAD_REQUEST',
      ])
    }
    const huge = await postText(token, 'x'.repeat(200_000), form)
    expect(refusal(huge)).toBe('413 invalid_request PAYLOAD_TOO_LARGE')
    expect((await postForm(token, of(channel))).status).toBe(200)
  })

  test('S8 no secret and no token stands in a log line', async () => {
    const { body } = await postForm(token, of(integration))
    await postForm(token, { ...of(integration), scope: 'nonsense' })
    const text = JSON.stringify(service.logged)
    expect(text).not.toContain(integration.secret)
    expect(text).not.toContain(body.access_token)
  })
})
