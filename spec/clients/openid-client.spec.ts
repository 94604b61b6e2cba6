import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as client from 'openid-client'
import { anApplication, anOwner } from '../support/api.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

let tls: TlsService
let machine: Awaited<ReturnType<typeof anApplication>>
let channel: Awaited<ReturnType<typeof anApplication>>

beforeAll(async () => {
  tls = await startTlsService()
  const owner = await anOwner(tls.service)
  machine = await anApplication(tls.service, owner, 'integration', { roleId: owner.roles['Read-only'] as string })
  channel = await anApplication(tls.service, owner, 'sales_channel')
})
afterAll(() => tls.stop())

const discover = (clientId: string, authentication: client.ClientAuth): Promise<client.Configuration> =>
  client.discovery(new URL(tls.issuer), clientId, undefined, authentication, {
    algorithm: 'oauth2',
    [client.customFetch]: tls.fetch as client.CustomFetch,
  })

const roles = async (configuration: client.Configuration, token: string): Promise<number> => {
  const url = new URL(`https://provisioning.${tls.domain}/api/roles`)
  const headers = new Headers({ accept: 'application/vnd.api+json' })
  const answer = await client.fetchProtectedResource(configuration, token, url, 'GET', undefined, headers)
  return answer.status
}

test.each([
  ['client_secret_basic', () => client.ClientSecretBasic(machine.clientSecret)],
  ['client_secret_post', () => client.ClientSecretPost(machine.clientSecret)],
])('discovery, client credentials and revocation with %s', async (_name, authentication) => {
  const configuration = await discover(machine.clientId, authentication())
  expect(configuration.serverMetadata()).toMatchObject({
    issuer: tls.issuer,
    token_endpoint: `${tls.issuer}/oauth/token`,
    revocation_endpoint: `${tls.issuer}/oauth/revoke`,
  })
  const answer = await client.clientCredentialsGrant(configuration, { scope: 'market:all' })
  expect(answer).toMatchObject({ token_type: 'bearer', scope: 'market:all', expires_in: 7200 })
  expect(await roles(configuration, answer.access_token)).toBe(200)
  await client.tokenRevocation(configuration, answer.access_token, { token_type_hint: 'access_token' })
  await expect(roles(configuration, answer.access_token)).rejects.toMatchObject({
    code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE',
    status: 401,
  })
})

test('a sales channel authenticates with nothing but its id', async () => {
  const configuration = await discover(channel.clientId, client.None())
  const answer = await client.clientCredentialsGrant(configuration)
  expect(answer).toMatchObject({ scope: 'market:all', expires_in: 14_400 })
  expect(answer).not.toHaveProperty('refresh_token')
  await client.tokenRevocation(configuration, answer.access_token)
})

test('a wrong secret is the error that RFC 6749 names', async () => {
  const configuration = await discover(machine.clientId, client.ClientSecretPost('wrong'))
  await expect(client.clientCredentialsGrant(configuration)).rejects.toMatchObject({
    error: 'invalid_client',
    status: 401,
  })
  const bySecret = await discover(machine.clientId, client.ClientSecretPost(machine.clientSecret))
  await expect(client.clientCredentialsGrant(bySecret, { scope: 'no:such:scope' })).rejects.toMatchObject({
    error: 'invalid_scope',
    status: 400,
  })
})
