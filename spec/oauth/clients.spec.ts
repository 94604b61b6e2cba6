import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { aCredential, anOrganization, asRole, aUser } from '../support/credentials.js'
import { type OAuthService, postForm, secrets, startOAuth } from '../support/oauth-service.js'
import { hearQueries } from '../support/queries.js'

let service: OAuthService
let other: OAuthService

beforeAll(async () => {
  service = await startOAuth()
  other = await startOAuth({ db: service.db })
})

afterAll(async () => {
  await other.stop()
  await service.stop()
})

const GRANT = { grant_type: 'client_credentials' }
const ask = async (at: OAuthService, { clientId, secret }: { clientId: string; secret: string }) =>
  postForm(`${at.url}/oauth/token`, { ...GRANT, client_id: clientId, client_secret: secret })
const statusOf = async (at: OAuthService, credential: { clientId: string; secret: string }): Promise<number> =>
  (await ask(at, credential)).status
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const anIntegration = async (extra: Record<string, unknown> = {}) =>
  aCredential(service.db, secrets, { organization: await anOrganization(service.db), kind: 'integration', extra })

type Integration = Awaited<ReturnType<typeof anIntegration>>
const change = ({ organization }: Integration, table: string, patch: Record<string, unknown>) =>
  asRole(service.db, { role: 'api', organizationId: organization.id }, (trx) => trx(table).update(patch))

/** Statements on tables while `work` runs. */
async function statements(work: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = []
  const note = ({ sql }: { sql: string }): void => {
    if (/api_credentials|\b(insert|update|delete)\b/i.test(sql)) seen.push(sql)
  }
  const stop = hearQueries(service.db, note)
  await work()
  stop()
  return seen
}

describe('clients', () => {
  test('the token path writes nothing and reads once cold, never warm', async () => {
    const integration = await anIntegration()
    await service.revocations.refresh()
    const cold = await statements(() => ask(service, integration))
    expect(cold).toHaveLength(1)
    expect(cold[0]).toMatch(/^\s*select/)
    const warm = await statements(async () => {
      for (let round = 0; round < 5; round += 1) expect(await statusOf(service, integration)).toBe(200)
    })
    expect(warm).toEqual([])
  })

  test('the one read goes by unique indexes', async () => {
    const { clientId } = await anIntegration()
    const seen = (await statements(() => ask(service, { clientId, secret: 'x' }))).filter((sql) =>
      sql.includes('select'),
    )
    const explained = await asRole(service.db, { role: 'auth' }, async (trx) => {
      await trx.raw('set local enable_seqscan = off')
      return trx.raw(`explain ${seen[0]?.replace(/\$\d/g, '?')}`, [clientId, clientId])
    })
    const plan = JSON.stringify(explained.rows)
    expect(plan).toContain('api_credentials_client_id_uq')
    expect(plan).toContain('user_credentials_client_id_uq')
  })

  test.each([
    ['the credential is disabled', (one: Integration) => change(one, 'api_credentials', { disabled_at: new Date() })],
    ['the credential expires', (one: Integration) => change(one, 'api_credentials', { expires_at: new Date() })],
    ['its secret is retired', (one: Integration) => change(one, 'api_credential_secrets', { retires_at: new Date() })],
    ['the organization is deleted', (one: Integration) => change(one, 'organizations', { deleted_at: new Date() })],
    [
      'the organization is suspended',
      ({ organization }: Integration) =>
        asRole(service.db, { role: 'definer' }, (trx) =>
          trx('organizations').where({ id: organization.id }).update({ suspended_at: new Date() }),
        ),
    ],
  ])('T9 a second after %s, no instance gives a token, though both had it in memory', async (_case, end) => {
    const integration = await anIntegration()
    expect([await statusOf(service, integration), await statusOf(other, integration)]).toEqual([200, 200])
    await end(integration)
    await pause(1000)
    expect([await statusOf(service, integration), await statusOf(other, integration)]).toEqual([401, 401])
  })

  test('T9 a disabled user gets no token', async () => {
    const user = await aUser(service.db, secrets)
    expect(await statusOf(service, user)).toBe(200)
    await asRole(service.db, { role: 'auth' }, (trx) =>
      trx('users').where({ id: user.userId }).update({ disabled_at: new Date() }),
    )
    await pause(1000)
    expect(await statusOf(service, user)).toBe(401)
  })

  test('several secrets live side by side, and the token names the one that was presented', async () => {
    const integration = await anIntegration()
    expect(await statusOf(service, integration)).toBe(200)
    const second = secrets.newSecret('gh_sk_test_')
    const row = { organization_id: integration.organization.id, api_credential_id: integration.id }
    await asRole(service.db, { role: 'api', organizationId: integration.organization.id }, (trx) =>
      trx('api_credential_secrets').insert({
        ...row,
        id: 'second',
        hash: secrets.hash(second),
        retires_at: new Date(Date.now() + 60_000),
        created_at: new Date(),
      }),
    )
    // At once, although the row without it is in memory: a refusal never rests on what is remembered.
    const answer = await ask(service, { ...integration, secret: second })
    expect(decodeJwt(answer.body.access_token).jti).toMatch(/^second\./)
    expect(await statusOf(service, integration)).toBe(200)
    service.time.offsetMs = 61_000
    expect(await statusOf(service, { ...integration, secret: second })).toBe(401)
    service.time.offsetMs = 0
  })

  test('a token does not outlive its credential', async () => {
    const integration = await anIntegration({ expires_at: new Date(Date.now() + 600_000) })
    const { body } = await ask(service, integration)
    expect(body.expires_in).toBeGreaterThan(590)
    expect(body.expires_in).toBeLessThanOrEqual(600)
    service.time.offsetMs = 601_000
    expect(await statusOf(service, integration)).toBe(401)
    service.time.offsetMs = 0
  })

  test('a credential that is switched on again works', async () => {
    const integration = await anIntegration({ disabled_at: new Date() })
    expect(await statusOf(service, integration)).toBe(401)
    await change(integration, 'api_credentials', { disabled_at: null })
    expect(await statusOf(service, integration)).toBe(200)
  })
})
