import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { anApplication, anOwner } from '../support/api.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

let tls: TlsService
let machine: Awaited<ReturnType<typeof anApplication>>
let server: oauth.AuthorizationServer

const through = () => ({ [oauth.customFetch]: tls.fetch as never })

beforeAll(async () => {
  tls = await startTlsService()
  const owner = await anOwner(tls.service)
  machine = await anApplication(tls.service, owner, 'integration', { roleId: owner.roles.Admin as string })
  const issuer = new URL(tls.issuer)
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...through() })
  server = await oauth.processDiscoveryResponse(issuer, answer)
})
afterAll(() => tls.stop())

test('8414-01 discovery finds the issuer that was asked for', () => {
  expect(tls.asked.at(-1)).toBe(`GET ${tls.issuer}/.well-known/oauth-authorization-server`)
  expect(server.issuer).toBe(tls.issuer)
  expect(server.grant_types_supported).toContain('client_credentials')
})

test.each([
  ['client_secret_basic', () => oauth.ClientSecretBasic(machine.clientSecret)],
  ['client_secret_post', () => oauth.ClientSecretPost(machine.clientSecret)],
])('6749-09 a strict client gets, uses and revokes a token with %s', async (name, authenticationOf) => {
  expect(server.token_endpoint_auth_methods_supported).toContain(name)
  const client: oauth.Client = { client_id: machine.clientId }
  const authentication = authenticationOf()
  const parameters = new URLSearchParams({ scope: 'market:all' })
  const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, through())
  const token = await oauth.processClientCredentialsResponse(server, client, answer)
  expect(token).toMatchObject({ token_type: 'bearer', expires_in: 7200, scope: 'market:all' })
  const url = new URL(`https://provisioning.${tls.domain}/api/roles`)
  const headers = new Headers({ accept: 'application/vnd.api+json' })
  const use = () => oauth.protectedResourceRequest(token.access_token, 'GET', url, headers, null, through())
  expect((await use()).status).toBe(200)
  const revoked = await oauth.revocationRequest(server, client, authentication, token.access_token, through())
  expect(await oauth.processRevocationResponse(revoked)).toBeUndefined()
  await expect(use()).rejects.toMatchObject({ status: 401 })
})
