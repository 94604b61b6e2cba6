import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { aCredential, anOrganization } from '../support/credentials.js'
import { basic, ISSUER, type OAuthService, postForm, secrets, send, startOAuth } from '../support/oauth-service.js'

const PATH = '/.well-known/oauth-authorization-server'

let service: OAuthService
// biome-ignore lint/suspicious/noExplicitAny: a document to look at
let document: any

beforeAll(async () => {
  service = await startOAuth()
  document = (await send(service.url + PATH, {})).body
})

afterAll(() => service.stop())

const here = (url: string): string => url.replace(ISSUER, service.url)

describe('metadata', () => {
  test('8414-01 stands at the well-known path, with the issuer’s path behind it', async () => {
    const deep = await startOAuth({ db: service.db, issuer: `${ISSUER}/deep/er` })
    const answer = await send(`${deep.url}${PATH}/deep/er`, {})
    expect(answer.body.issuer).toBe(`${ISSUER}/deep/er`)
    expect(answer.body.token_endpoint).toBe(`${ISSUER}/deep/er/oauth/token`)
    await deep.stop()
  })

  test('8414-02 the issuer is the one in the tokens, whatever Host was asked', async () => {
    const organization = await anOrganization(service.db)
    const { clientId } = await aCredential(service.db, secrets, { organization, kind: 'sales_channel' })
    const form = { grant_type: 'client_credentials', client_id: clientId }
    const evil = { 'X-Forwarded-Host': 'evil.test', Forwarded: 'host=evil.test' }
    const { body } = await postForm(here(document.token_endpoint), form, evil)
    expect(decodeJwt(body.access_token).iss).toBe(document.issuer)
    expect(document.issuer).toBe(ISSUER)
    expect((await send(service.url + PATH, { headers: evil })).text).not.toContain('evil')
  })

  test('8414-04 no empty list, no algorithm none, no cache longer than five minutes', async () => {
    for (const value of Object.values(document)) expect(value).not.toEqual([])
    expect(JSON.stringify(document)).not.toMatch(/alg.*none/)
    expect((await send(service.url + PATH, {})).headers.get('cache-control')).toBe('public, max-age=300')
  })

  test('8414-05 every endpoint advertised answers', async () => {
    for (const [name, url] of Object.entries(document)) {
      if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue
      const answer = await send(here(String(url)), { method: name === 'jwks_uri' ? 'GET' : 'POST' })
      expect([name, answer.status === 404]).toEqual([name, false])
    }
  })

  test('8414-05 every grant, scope and way of authentication advertised works, and no other grant', async () => {
    const organization = await anOrganization(service.db)
    const machine = await aCredential(service.db, secrets, { organization, kind: 'integration' })
    const channel = await aCredential(service.db, secrets, { organization, kind: 'sales_channel' })
    const token = here(document.token_endpoint)
    const post = { client_id: machine.clientId, client_secret: machine.secret }
    for (const grant_type of document.grant_types_supported) {
      const ways: Record<string, () => Promise<{ status: number }>> = {
        client_secret_post: () => postForm(token, { ...post, grant_type }),
        client_secret_basic: () => postForm(token, { grant_type }, basic(machine.clientId, machine.secret)),
        none: () => postForm(token, { grant_type, client_id: channel.clientId }),
      }
      for (const way of document.token_endpoint_auth_methods_supported) {
        expect([way, (await ways[way]?.())?.status]).toEqual([way, 200])
      }
      for (const scope of document.scopes_supported) {
        expect([scope, (await postForm(token, { ...post, grant_type, scope })).status]).toEqual([scope, 200])
      }
    }
    const all = ['authorization_code', 'refresh_token', 'password', 'client_credentials', 'implicit']
    for (const grant_type of all.filter((one) => !document.grant_types_supported.includes(one))) {
      expect((await postForm(token, { ...post, grant_type })).body.error).toBe('unsupported_grant_type')
    }
  })

  test('8414-06 the JWKS may be kept five minutes and read by browsers', async () => {
    const answer = await send(here(document.jwks_uri), {})
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    for (const key of answer.body.keys) {
      expect(key).toMatchObject({ use: 'sig', kid: expect.stringMatching(/^[0-9a-f]{64}$/) })
      for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(part)
    }
    expect((await send(here(document.jwks_uri), { method: 'POST' })).status).toBe(405)
  })
})
