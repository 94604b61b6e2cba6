import {
  authenticate,
  makeIntegration,
  makeSalesChannel,
  type Storage,
  type StorageValue,
} from '@commercelayer/js-auth'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anApplication, anOwner, type Owner } from '../support/api.js'
import { aShop, type Shop } from '../support/shop.js'
import { startTlsService, type TlsService } from '../support/tls-service.js'

let tls: TlsService
let owner: Owner
let shop: Shop

beforeAll(async () => {
  tls = await startTlsService()
  owner = await anOwner(tls.service)
  shop = await aShop(owner)
})
afterAll(() => tls.stop())

/** A storage as the README writes it. */
function memoryStorage(): Storage & { kept: Map<string, StorageValue> } {
  const kept = new Map<string, StorageValue>()
  return {
    kept,
    name: 'memory',
    getItem: async (key) => kept.get(key) ?? null,
    setItem: async (key, value) => void kept.set(key, value),
    removeItem: async (key) => void kept.delete(key),
  }
}

const tokenRequests = (): number => tls.asked.filter((one) => one === `POST ${tls.issuer}/oauth/token`).length

test.each([undefined, 'market:all', 'market:id:{usa}', 'market:code:usa market:code:eu'])(
  'makeSalesChannel caches by the scope that came back (%s)',
  async (template) => {
    const scope = template?.replace('{usa}', shop.usa.id)
    const { clientId } = await anApplication(tls.service, owner, 'sales_channel', {
      attributes: { scopes: `market:all ${scope ?? ''}`.trim() },
    })
    const storage = memoryStorage()
    const options = { clientId, domain: tls.domain, ...(scope === undefined ? {} : { scope }) }
    tls.asked.length = 0
    const channel = makeSalesChannel(options, { storage })
    const first = await channel.getAuthorization()
    expect(first).toMatchObject({ ownerType: 'guest', tokenType: 'bearer', scope: scope ?? 'market:all' })
    expect([...storage.kept.keys()]).toEqual([`cl_guest-${clientId}-${scope ?? 'market:all'}`])
    // Another instance on the same storage, e.g. the next request of a storefront.
    const second = await makeSalesChannel(options, { storage }).getAuthorization()
    expect([second.accessToken, tokenRequests()]).toEqual([first.accessToken, 1])
    await channel.removeAuthorization()
    expect((await channel.getAuthorization()).accessToken).not.toBe(first.accessToken)
    expect(tokenRequests()).toBe(2)
  },
)

test('makeIntegration caches; revokeAuthorization ends the token here and there', async () => {
  const { clientId, clientSecret } = await anApplication(tls.service, owner, 'integration', {
    roleId: owner.roles['Read-only'] as string,
  })
  const storage = memoryStorage()
  tls.asked.length = 0
  const integration = makeIntegration({ clientId, clientSecret, domain: tls.domain }, { storage })
  const { accessToken } = await integration.getAuthorization()
  expect((await integration.getAuthorization()).accessToken).toBe(accessToken)
  expect(tokenRequests()).toBe(1)
  const roles = `https://provisioning.${tls.domain}/api/roles`
  const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/vnd.api+json' }
  expect((await tls.fetch(roles, { headers })).status).toBe(200)
  expect(await integration.revokeAuthorization()).toEqual({})
  expect([...storage.kept.keys()]).toEqual([])
  const dead = await tls.fetch(roles, { headers })
  expect([dead.status, ((await dead.json()) as { errors: { code: string }[] }).errors[0]?.code]).toEqual([
    401,
    'INVALID_TOKEN',
  ])
})

test('makeIntegration with the personal credential of a user, whose scope it sends as market:all', async () => {
  const { clientId, clientSecret } = owner
  const integration = makeIntegration({ clientId, clientSecret, domain: tls.domain }, { storage: memoryStorage() })
  tls.asked.length = 0
  const first = await integration.getAuthorization()
  expect(first.scope).toBe('market:all')
  expect((await integration.getAuthorization()).accessToken).toBe(first.accessToken)
  expect(tokenRequests()).toBe(1)
  const headers = { authorization: `Bearer ${first.accessToken}`, accept: 'application/vnd.api+json' }
  expect((await tls.fetch(`https://provisioning.${tls.domain}/api/user`, { headers })).status).toBe(200)
})

test('the answer has exactly the keys that its type has', async () => {
  const { clientId, clientSecret } = owner
  const answer = await authenticate('client_credentials', { domain: tls.domain, clientId, clientSecret })
  expect(Object.keys(answer).sort()).toEqual(['accessToken', 'createdAt', 'expires', 'expiresIn', 'scope', 'tokenType'])
  expect(answer).toMatchObject({ tokenType: 'bearer', expiresIn: 7200, scope: 'provisioning-api' })
})

test.each([
  ['an unknown client', 'client_credentials', { clientId: 'nobody', clientSecret: 'nothing' }, 401, 'invalid_client'],
  ['nobody’s shopper', 'password', { clientId: 'nobody', username: 'a', password: 'b' }, 401, 'invalid_client'],
] as const)('a refusal has errors, never a token: %s', async (_what, grant, options, status, title) => {
  const answer = await authenticate(grant, { domain: tls.domain, ...options } as never)
  expect(answer).not.toHaveProperty('accessToken')
  expect(answer.errors?.[0]).toMatchObject({ status, title })
  expect(answer.errors?.[0]?.detail).toMatch(/\w+ \w+/)
})
