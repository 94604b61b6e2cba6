import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { organizationClaims, userClaims } from '../../src/tokens/claims.js'
import { mintToken } from '../../src/tokens/mint.js'
import { aCredential, anOrganization, aUser } from '../support/credentials.js'
import { specDatabase } from '../support/database.js'
import {
  API_URL,
  basic,
  ISSUER,
  type OAuthService,
  postForm,
  postJson,
  secrets,
  send,
  startOAuth,
} from '../support/oauth-service.js'

type Credential = { clientId: string; secret: string }
type Channel = Awaited<ReturnType<typeof aCredential>>

let service: OAuthService
let second: OAuthService
let channel: Channel
let integration: Credential
let user: Credential

beforeAll(async () => {
  service = await startOAuth()
  second = await startOAuth({ db: service.db })
  const organization = await anOrganization(service.db)
  channel = await aCredential(service.db, secrets, { organization, kind: 'sales_channel' })
  integration = await aCredential(service.db, secrets, { organization, kind: 'integration' })
  user = await aUser(service.db, secrets)
})

afterAll(async () => {
  await second.stop()
  await service.stop()
})

const body = ({ clientId, secret }: Credential) => ({ client_id: clientId, client_secret: secret })
const idOnly = ({ clientId }: Pick<Credential, 'clientId'>) => ({ client_id: clientId })

async function aToken(credential: Credential): Promise<string> {
  const request = { grant_type: 'client_credentials', ...body(credential) }
  return (await postForm(`${service.url}/oauth/token`, request)).body.access_token
}

/** A token that a shopper has got by the channel. */
function aPersonsToken(): Promise<string> {
  const { id: applicationId, clientId, organization } = channel
  const now = service.clock()
  const owner = { id: newId(), type: 'Customer' } as const
  const rest = { authenticated: false, lifetimeSeconds: 7200, scope: 'market:all', test: true }
  const subject = { applicationId, clientId, owner, ...rest, organization: { ...organization, region: 'eu' } }
  return mintToken(
    service.keys,
    organizationClaims('sales_channel', subject, { issuer: ISSUER, audience: API_URL, now }),
    now,
  )
}

const CONSOLE = { clientId: 'gatehouse-dashboard' }

/** A token of the console that acts for a person in all of their organizations. */
function aConsolesToken(): Promise<string> {
  const [now, userId] = [service.clock(), newId()]
  const rest = { authenticated: false, lifetimeSeconds: 7200, scope: 'provisioning-api', test: false }
  const subject = { applicationId: 'ownconsole', ...CONSOLE, ...rest, owner: { id: userId, type: 'User' } as const }
  const claims = userClaims({ ...subject, kind: 'dashboard', userId }, { issuer: ISSUER, audience: API_URL, now })
  return mintToken(service.keys, claims, now)
}

const revoke = (form: Record<string, string>, headers = {}) => postForm(`${service.url}/oauth/revoke`, form, headers)
const lives = (token: string, at = service): Promise<boolean> =>
  at.verifier.verify(token, new Date()).then(
    () => true,
    () => false,
  )
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('revocation', () => {
  test('7009-04 an access token is dead at once here, and on every instance within a second (7009-07, T8)', async () => {
    for (const credential of [integration, user, channel]) {
      const [token, spared] = [await aToken(credential), await aToken(credential)]
      expect([await lives(token), await lives(token, second)]).toEqual([true, true])
      const answer = await revoke({ ...body(credential), token })
      expect([answer.status, answer.text]).toEqual([200, '{}'])
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('content-type')).toBe('application/json;charset=utf-8')
      expect(await lives(token)).toBe(false)
      await pause(900)
      expect(await lives(token, second)).toBe(false)
      expect([await lives(spared), await lives(spared, second)]).toEqual([true, true])
    }
  })

  test('7009-01 JSON, form and Basic; a public client by its client_id', async () => {
    const whole = {
      ...body(integration),
      slug: 'x',
      domain: 'y',
      api: { a: 1 },
      kind: 'integration',
      token: await aToken(integration),
    }
    expect((await postJson(`${service.url}/oauth/revoke`, whole)).text).toBe('{}')
    expect(await lives(whole.token)).toBe(false)
    const byHeader = await aToken(integration)
    expect((await revoke({ token: byHeader }, basic(integration.clientId, integration.secret))).status).toBe(200)
    expect(await lives(byHeader)).toBe(false)
    const guest = await aToken(channel)
    expect((await revoke({ ...idOnly(channel), token: guest })).text).toBe('{}')
    expect(await lives(guest)).toBe(false)
    const answer = await send(`${service.url}/oauth/revoke?token=x`, { method: 'GET' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })

  test('7009-01 T7 without right client authentication nothing is revoked', async () => {
    const token = await aToken(integration)
    for (const form of [
      idOnly(integration),
      { ...body(integration), client_secret: 'wrong' },
      {},
      { client_id: 'nobody' },
    ]) {
      const answer = await revoke({ ...form, token })
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client'])
    }
    expect(await lives(token)).toBe(true)
  })

  test('7009-02 T7 a token of another client is refused, not revoked, and logged', async () => {
    const token = await aToken(integration)
    for (const form of [body(channel), idOnly(channel), body(user)]) {
      const answer = await revoke({ ...form, token })
      expect(answer.status).toBe(403)
      expect(answer.body).toEqual({
        error: 'unauthorized_client',
        error_description: 'You are not authorized to revoke this token',
        errors: [
          {
            title: 'unauthorized_client',
            detail: 'You are not authorized to revoke this token',
            code: 'FORBIDDEN',
            status: 403,
            meta: {},
          },
        ],
      })
    }
    expect(await lives(token)).toBe(true)
    expect(service.logged.filter(([words]) => words.includes('revoke a token of another'))).toHaveLength(3)
  })

  test('7009-03 T7 T10 unknown, forged, expired and dead tokens are no error and have no effect', async () => {
    const token = await aToken(integration)
    const [head, payload, tail = ''] = token.split('.')
    const forged = `${head}.${payload}.${'A'.repeat(tail.length)}`
    for (const nonsense of ['nonsense', 'a.b.c', forged, `${head}.${payload}.`, 'x'.repeat(20_000), "' or 1=1 --"]) {
      const answer = await revoke({ ...body(integration), token: nonsense })
      expect([answer.status, answer.text]).toEqual([200, '{}'])
    }
    expect(await lives(token)).toBe(true)
    service.time.offsetMs = 7300_000
    expect((await revoke({ ...body(integration), token })).text).toBe('{}')
    service.time.offsetMs = 0
    await revoke({ ...body(integration), token })
    expect((await revoke({ ...body(integration), token })).text).toBe('{}')
  })

  test('a public client ends so many tokens an hour by its client_id alone; with its secret as many as it likes', async () => {
    const strict = await startOAuth({ db: service.db, revocationsPerHour: 2 })
    const end = (form: Record<string, string>) => postForm(`${strict.url}/oauth/revoke`, form)
    const tokens = await Promise.all([1, 2, 3, 4].map(() => aToken(channel)))
    const [first = '', second = '', third = '', fourth = ''] = tokens
    for (const token of [first, 'nonsense', first, second]) {
      expect((await end({ ...idOnly(channel), token })).status).toBe(200)
    }
    const refused = await end({ ...idOnly(channel), token: third })
    expect([refused.status, refused.body.error]).toEqual([429, 'temporarily_unavailable'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3500)
    expect(await lives(third, strict)).toBe(true)
    expect((await end({ ...body(channel), token: fourth })).status).toBe(200)
    // Behind a person's token there is a person: they are not as many as anybody likes.
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await end({ ...idOnly(channel), token: await aPersonsToken() })).status).toBe(200)
      expect((await end({ ...idOnly(CONSOLE), token: await aConsolesToken() })).status).toBe(200)
    }
    strict.time.offsetMs = 3_601_000
    expect((await end({ ...idOnly(channel), token: third })).status).toBe(200)
    await strict.stop()
  })

  test('7009-05 any token_type_hint will do', async () => {
    for (const token_type_hint of ['refresh_token', 'access_token', 'nonsense']) {
      const token = await aToken(integration)
      expect((await revoke({ ...body(integration), token, token_type_hint })).status).toBe(200)
      expect(await lives(token)).toBe(false)
    }
  })

  test('7009-06 without a token: invalid_request', async () => {
    for (const form of [{}, { token: '' }]) {
      const answer = await revoke({ ...body(integration), ...form })
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
    }
    const twice = `${new URLSearchParams(body(integration))}&token=a&token=b`
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const answer = await send(`${service.url}/oauth/revoke`, { method: 'POST', body: twice, headers })
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
  })

  test('T7 while storage fails the answer is an error, not 200, and says nothing of the cause', async () => {
    const own = await specDatabase()
    const failing = await startOAuth({ db: own })
    const token = await aToken(integration)
    await failing.verifier.verify(token, new Date())
    const form = { ...body(integration), token }
    const warm = { grant_type: 'client_credentials', ...body(integration) }
    expect((await postForm(`${failing.url}/oauth/token`, warm)).status).toBe(200)
    await own.knex.destroy()
    const answer = await postForm(`${failing.url}/oauth/revoke`, form)
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect(answer.body.errors[0].status).toBe(answer.status)
    expect(answer.body.errors[0].meta.request_id).toBe(answer.headers.get('x-request-id'))
    expect(answer.text).not.toMatch(/pool|knex|destroy|select|insert/i)
    await failing.stop()
    expect(await lives(token)).toBe(true)
  })
})
