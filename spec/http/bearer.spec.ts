import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { aCredential, anOrganization, aUser } from '../support/credentials.js'
import { hearQueries } from '../support/queries.js'
import { type Service, startService } from '../support/service.js'

const OURS = 'application/vnd.api+json'

let service: Service
let userToken: string
let guestToken: string
let organizationId: string

async function tokenOf(parameters: Record<string, string>): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...parameters })
  const answer = await fetch(`${service.url}/oauth/token`, { method: 'POST', body })
  return ((await answer.json()) as { access_token: string }).access_token
}

beforeAll(async () => {
  service = await startService()
  const { secrets } = service.parts
  const user = await aUser(service.db, secrets)
  userToken = await tokenOf({ client_id: user.clientId, client_secret: user.secret })
  const organization = await anOrganization(service.db)
  organizationId = organization.id
  const channel = await aCredential(service.db, secrets, { organization, kind: 'sales_channel' })
  guestToken = await tokenOf({ client_id: channel.clientId })
})

afterAll(() => service.stop())

async function send(path: string, init: RequestInit = {}) {
  const answer = await fetch(`${service.url}${path}`, init)
  const text = await answer.text()
  return { status: answer.status, challenge: answer.headers.get('www-authenticate'), headers: answer.headers, text }
}

const get = (authorization: string | undefined, path = '/api/user') =>
  send(path, authorization === undefined ? {} : { headers: { authorization } })

const INVALID = {
  errors: [
    {
      title: 'Invalid token',
      detail: 'The access token you provided is invalid.',
      code: 'INVALID_TOKEN',
      status: '401',
    },
  ],
}

describe('a bearer token', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])(
    '6750-01 %s works: the scheme is case-insensitive',
    async (scheme) => {
      expect((await get(`${scheme} ${userToken}`)).status).toBe(200)
    },
  )

  test('6750-02 in the query is refused, though it is valid', async () => {
    const { status, challenge, text } = await get(undefined, `/api/user?access_token=${userToken}`)
    expect(status).toBe(400)
    expect(challenge).toBe('Bearer realm="gatehouse", error="invalid_request"')
    expect(JSON.parse(text).errors[0].source).toEqual({ parameter: 'access_token' })
    expect(text).not.toContain(userToken)
  })

  test('6750-02 in a form body is refused, though it is valid', async () => {
    const body = new URLSearchParams({ access_token: userToken })
    expect((await send('/api/roles', { method: 'POST', body })).status).toBe(400)
  })

  test('6750-03 two methods at once are refused', async () => {
    const authorization = `Bearer ${userToken}`
    expect((await get(authorization, `/api/user?access_token=${userToken}`)).status).toBe(400)
    const body = new URLSearchParams({ access_token: userToken })
    expect((await send('/api/roles', { method: 'POST', body, headers: { authorization } })).status).toBe(400)
  })

  test('a form is not read beyond 64 KiB to look for one', async () => {
    const headers = { authorization: `Bearer ${userToken}` }
    const { status } = await send('/api/user', {
      method: 'POST',
      headers,
      body: new URLSearchParams({ a: 'x'.repeat(65_536) }),
    })
    expect(status).toBe(413)
  })

  test('J18 a form of a browser page is refused as a media type', async () => {
    const body = new URLSearchParams({ name: 'x' })
    const headers = { authorization: `Bearer ${userToken}` }
    expect((await send('/api/roles', { method: 'POST', body, headers })).status).toBe(415)
    expect((await send('/api/roles', { method: 'POST', body })).status).toBe(415)
  })

  test.each([
    ['no header', undefined],
    ['another scheme', 'Basic YTpi'],
  ])('6750-04 %s: 401, a challenge without an error', async (_name, authorization) => {
    const { status, challenge, text, headers } = await get(authorization)
    expect(status).toBe(401)
    expect(challenge).toBe('Bearer realm="gatehouse"')
    expect(headers.get('content-type')).toBe(OURS)
    expect(JSON.parse(text)).toEqual(INVALID)
  })

  test.each([
    ['nothing after the scheme', 'Bearer'],
    ['no token', 'Bearer nonsense'],
    ['two tokens', 'Bearer a b'],
    ['a list', 'Bearer a, Bearer b'],
    ['odd characters', 'Bearer <script>'],
    ['a very long one', `Bearer ${'x'.repeat(9000)}`],
  ])('6750-05 6750-06 %s: 401 invalid_token', async (_name, authorization) => {
    const { status, challenge, text } = await get(authorization)
    expect(status).toBe(401)
    expect(challenge).toBe('Bearer realm="gatehouse", error="invalid_token"')
    expect(JSON.parse(text)).toEqual(INVALID)
  })

  test('6750-05 a changed signature: 401 invalid_token', async () => {
    const [header, payload, signature = ''] = userToken.split('.')
    const other = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`
    expect((await get(`Bearer ${header}.${payload}.${other}`)).status).toBe(401)
  })

  test('6750-05 a revoked one: dead at once, for this request and the next', async () => {
    const organization = await anOrganization(service.db)
    const { secrets } = service.parts
    const channel = await aCredential(service.db, secrets, { organization, kind: 'sales_channel' })
    const token = await tokenOf({ client_id: channel.clientId })
    expect((await get(`Bearer ${token}`, '/api/application')).status).toBe(200)
    const body = new URLSearchParams({ client_id: channel.clientId, token })
    expect((await send('/oauth/revoke', { method: 'POST', body })).status).toBe(200)
    expect((await get(`Bearer ${token}`, '/api/application')).status).toBe(401)
  })

  test('JA-33 comes before the question whether there is such a route', async () => {
    expect((await get(undefined, '/api/nothing')).status).toBe(401)
    expect((await get(`Bearer ${userToken}`, '/api/nothing')).status).toBe(404)
  })
})

describe('what the token says', () => {
  test('a guest sees the two singletons of its own organization and nothing else', async () => {
    const authorization = `Bearer ${guestToken}`
    expect(JSON.parse((await get(authorization, '/api/organization')).text).data.id).toBe(organizationId)
    expect((await get(authorization, '/api/application')).status).toBe(200)
    for (const path of [
      '/api/organizations',
      '/api/roles',
      '/api/memberships',
      '/api/api_credentials',
      '/api/versions',
    ]) {
      expect([path, (await get(authorization, path)).status]).toEqual([path, 403])
    }
  })
})

describe('methods', () => {
  test.each(['PUT', 'POST', 'TRACE'])('J20 %s where it has no meaning: 405 with Allow', async (method) => {
    // fetch refuses TRACE, so it is sent as it stands.
    const { request } = await import('node:http')
    const options = { method, headers: { authorization: `Bearer ${userToken}` } }
    const answer = await new Promise<{ status?: number; allow?: string }>((resolve, reject) => {
      const sent = request(`${service.url}/api/user`, options, (got) => {
        got.resume()
        resolve({ status: got.statusCode ?? 0, allow: got.headers.allow ?? '' })
      })
      sent.on('error', reject).end()
    })
    expect(answer.status).toBe(405)
    expect(answer.allow).toContain('GET')
  })

  test('J20 HEAD is GET without a body', async () => {
    const { status, text } = await send('/api/user', {
      method: 'HEAD',
      headers: { authorization: `Bearer ${userToken}` },
    })
    expect([status, text]).toEqual([200, ''])
  })
})

test('the log knows the client and the organization of a request, and no token', async () => {
  const id = 'bearer-log-1'
  await send('/api/organization', { headers: { authorization: `Bearer ${guestToken}`, 'x-request-id': id } })
  const line = service.logs.find((one) => one.request_id === id)
  expect(line).toMatchObject({ organization: organizationId, client: expect.any(String), route: '/api/organization' })
  expect(JSON.stringify(service.logs)).not.toContain(guestToken.slice(-40))
})

test('J21 health and readiness ask the database nothing', async () => {
  let queries = 0
  const count = (): void => {
    queries += 1
  }
  const stop = hearQueries(service.db, count)
  const started = performance.now()
  for (let i = 0; i < 200; i += 1) {
    await send('/health')
    await send('/ready')
  }
  const beats = Math.ceil((performance.now() - started) / 500) + 1
  stop()
  // The poll of the revocations goes on meanwhile, a few statements twice a second.
  expect(queries).toBeLessThanOrEqual(beats * 6)
  expect(beats * 6).toBeLessThan(200)
})
