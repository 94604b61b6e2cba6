import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAddressReader, networkOf } from '../../src/http/client-address.js'
import { anApplication, anOwner, api, type Owner, type Reply, resource } from '../support/api.js'
import { type Service, startService } from '../support/service.js'
import { asWebapp } from '../support/webapp.js'

const BACKEND_AUTH = 'a secret between two servers'
const WEBAPP = { redirect_uri: 'https://app.example.com/callback' }
const RATES = {
  RATE_LIMIT_TOKEN: '5/60',
  RATE_LIMIT_READ: '12/60',
  RATE_LIMIT_READ_BURST: '8/10',
  RATE_LIMIT_WRITE: '6/60',
  RATE_LIMIT_WRITE_BURST: '4/10',
}

let service: Service
let open: Service
let owner: Owner

beforeAll(async () => {
  open = await startService()
  owner = await anOwner(open)
  const env = { RATE_LIMITS: 'on', TRUSTED_PROXIES: 'loopback', BACKEND_AUTH, ...RATES }
  service = await startService({ db: open.db, env })
})
afterAll(async () => {
  await service.stop()
  await open.stop()
})

/** An address that nobody has come from. */
const newAddress = (): string => `198.18.${randomBytes(2).join('.')}`

interface Asked {
  readonly from?: string
  readonly headers?: Record<string, string>
  readonly method?: string
  readonly body?: string
}

/** Asks with the path as it stands, from an address. */
function ask(path: string, { from = newAddress(), headers = {}, method = 'GET', body }: Asked = {}) {
  return new Promise<{ status: number; headers: Record<string, string | string[] | undefined>; text: string }>(
    (resolve, reject) => {
      const { port } = new URL(service.url)
      const all = { 'x-forwarded-for': from, ...headers }
      const sent = request({ port, host: '127.0.0.1', path, method, headers: all }, (answer) => {
        let text = ''
        answer.on('data', (chunk) => {
          text += chunk
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
      })
      sent.on('error', reject)
      sent.end(body)
    },
  )
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const tokenRequest = (from: string, more: Record<string, string> = {}, body = 'grant_type=nothing') =>
  ask('/oauth/token', { from, method: 'POST', headers: { ...FORM, ...more }, body })

/** The number of answers that were not 429. */
async function through(times: number, one: () => Promise<{ status: number }>): Promise<number> {
  let passed = 0
  for (let turn = 0; turn < times; turn += 1) if ((await one()).status !== 429) passed += 1
  return passed
}

const bearer = (): Record<string, string> => ({ authorization: `Bearer ${owner.token}` })

describe('CONTRACT 8 the token endpoint', () => {
  test('so many a minute an address; the next gets 429 in the form of OAuth', async () => {
    const from = newAddress()
    expect(await through(8, () => tokenRequest(from))).toBe(5)
    const refused = await tokenRequest(from)
    expect(refused.status).toBe(429)
    expect(JSON.parse(refused.text)).toMatchObject({
      error: 'temporarily_unavailable',
      errors: [{ code: 'TOO_MANY_REQUESTS', status: 429 }],
    })
    expect(refused.headers).toMatchObject({
      'x-ratelimit-limit': '5',
      'x-ratelimit-interval': '60',
      'x-ratelimit-remaining': '0',
      'ratelimit-policy': '"token";q=5;w=60',
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringContaining('Retry-After'),
      'cache-control': 'no-store',
    })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(await through(1, () => tokenRequest(newAddress()))).toBe(1)
  })

  test('S6 no spelling of the request is another bucket, and none leads past it', async () => {
    const from = newAddress()
    const ways = [
      () => tokenRequest(from),
      () => tokenRequest(from, {}, 'grant_type=nothing&email=a@b.test'),
      () => tokenRequest(from, { 'x-real-ip': newAddress() }),
      () => tokenRequest(from, { forwarded: `for=${newAddress()}`, 'x-client-ip': newAddress() }),
      () => tokenRequest(`${newAddress()}, ${newAddress()}, ${from}`),
      () => tokenRequest(`::ffff:${from}`),
      () => tokenRequest(`${from}:4711`),
      () => tokenRequest(from, { 'x-true-client-ip': newAddress() }),
      () => tokenRequest(from, { 'x-true-client-ip': newAddress(), 'x-backend-auth': 'a secret between two thieves' }),
    ]
    expect(await through(5, ways[0] as () => Promise<{ status: number }>)).toBe(5)
    for (const way of ways) expect((await way()).status).toBe(429)
    for (const path of ['//oauth/token', '/oauth/token/', '/OAuth/Token', '/oauth/%74oken', '/oauth/./token']) {
      expect((await ask(path, { method: 'POST', headers: FORM, body: 'grant_type=nothing' })).status).toBe(404)
    }
  })

  test('S6 a /64 is one caller, the next /64 another', async () => {
    const prefix = `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}`
    let host = 0
    expect(await through(9, () => tokenRequest(`${prefix}:${(++host).toString(16)}::${host}`))).toBe(5)
    expect(await through(1, () => tokenRequest(`2001:db8:ffff:${randomBytes(2).toString('hex')}::1`))).toBe(1)
  })

  test('a back end that proves itself is limited by its visitor', async () => {
    const from = newAddress()
    const visitor = newAddress()
    const proven = (ip: string) => tokenRequest(from, { 'x-backend-auth': BACKEND_AUTH, 'x-true-client-ip': ip })
    expect(await through(8, () => proven(newAddress()))).toBe(8)
    expect(await through(8, () => proven(visitor))).toBe(5)
    expect(await through(8, () => proven('nonsense'))).toBe(5)
  })

  test('6749-11 wrong secrets are throttled by client and address; the right one elsewhere is not', async () => {
    const client = await anApplication(open, owner, 'integration', { roleId: owner.roles.Admin as string })
    const at = await startService({
      db: open.db,
      env: { RATE_LIMITS: 'on', TRUSTED_PROXIES: 'loopback', RATE_LIMIT_CLIENT_SECRET: '3/60' },
    })
    const from = newAddress()
    const answer = async (secret: string, address = from, clientId = client.clientId): Promise<number> => {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: secret,
      })
      const headers = { 'x-forwarded-for': address }
      return (await fetch(`${at.url}/oauth/token`, { method: 'POST', body, headers })).status
    }
    const statuses: number[] = []
    for (const secret of ['a', client.clientSecret, 'b', 'c', 'd', client.clientSecret]) {
      statuses.push(await answer(secret))
    }
    expect(statuses).toEqual([401, 200, 401, 401, 429, 429])
    expect(await answer(client.clientSecret, newAddress())).toBe(200)
    expect(await answer('a', from, 'another-client')).toBe(401)
    await at.stop()
  })

  test('one client has a limit over all addresses', async () => {
    const env = { RATE_LIMITS: 'on', TRUSTED_PROXIES: 'loopback', RATE_LIMIT_TOKEN_CLIENT: '3/60' }
    const at = await startService({ db: open.db, env })
    const { clientId } = await anApplication(open, owner, 'sales_channel')
    const one = async () => {
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId })
      return fetch(`${at.url}/oauth/token`, { method: 'POST', body, headers: { 'x-forwarded-for': newAddress() } })
    }
    expect(await through(5, one)).toBe(3)
    await at.stop()
  })

  test('who only names a client switches it off nowhere else, and never for who proves to be it', async () => {
    const env = { RATE_LIMITS: 'on', TRUSTED_PROXIES: 'loopback', RATE_LIMIT_TOKEN_CLIENT: '3/60' }
    const at = await startService({ db: open.db, env })
    const { clientId, clientSecret } = await anApplication(open, owner, 'integration', {
      roleId: owner.roles.Admin as string,
    })
    const { clientId: channel } = await anApplication(open, owner, 'sales_channel')
    const post = (path: string, form: Record<string, string>) => async () => {
      const headers = { 'x-forwarded-for': newAddress() }
      return fetch(`${at.url}/oauth/${path}`, { method: 'POST', body: new URLSearchParams(form), headers })
    }
    const named = { grant_type: 'client_credentials', client_id: clientId }
    expect(await through(5, post('token', named))).toBe(3)
    expect(await through(5, post('token', { ...named, client_secret: 'a wrong one' }))).toBe(5)
    expect(await through(5, post('token', { ...named, client_secret: clientSecret }))).toBe(3)
    expect(await through(5, post('revoke', { client_id: channel, token: 'x' }))).toBe(3)
    expect((await post('token', { ...named, client_id: channel })()).status).toBe(200)
    await at.stop()
  })
})

describe('CONTRACT 8 the API', () => {
  test('every answer tells of the average limit; so do errors and pages', async () => {
    const from = newAddress()
    const paths = ['/api/user', '/api/nothing', '/api/roles?foo=bar', '/nowhere', '/', '/.well-known/jwks.json']
    for (const [index, path] of paths.entries()) {
      const { headers } = await ask(path, { from, headers: bearer() })
      expect(headers).toMatchObject({
        'x-ratelimit-limit': '12',
        'x-ratelimit-interval': '60',
        'x-ratelimit-remaining': String(11 - index),
      })
      expect(headers['ratelimit-policy']).toMatch(/^"read";q=12;w=60, "read_burst";q=8;w=10/)
      expect(headers.ratelimit).toMatch(new RegExp(`^"read";r=${11 - index};t=\\d+, "read_burst";r=7;t=10`))
    }
    const { headers } = await ask('/api/user', { from, headers: bearer() })
    expect(headers['access-control-expose-headers']).toContain('X-Ratelimit-Limit')
  })

  test('the average counts all endpoints, the burst one; 429 in the form of JSON:API', async () => {
    const from = newAddress()
    expect(await through(10, () => ask('/api/roles', { from, headers: bearer() }))).toBe(8)
    // Ten were asked for; two of the twelve are left.
    expect(await through(4, () => ask('/api/organizations', { from, headers: bearer() }))).toBe(2)
    const refused = await ask('/api/user', { from, headers: bearer() })
    expect(refused.status).toBe(429)
    expect(refused.headers['content-type']).toBe('application/vnd.api+json')
    expect(JSON.parse(refused.text).errors).toEqual([
      expect.objectContaining({ code: 'TOO_MANY_REQUESTS', status: '429', title: 'Too many requests' }),
    ])
    expect(refused.headers).toMatchObject({ 'x-ratelimit-remaining': '0', 'access-control-allow-origin': '*' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('the burst of an endpoint is one, whichever of its addresses are asked', async () => {
    const from = newAddress()
    let row = 0
    expect(await through(10, () => ask(`/api/roles/aaaaaaaaa${row++}`, { from, headers: bearer() }))).toBe(8)
  })

  test('writes are counted apart from reads', async () => {
    const from = newAddress()
    const write = () => ask('/api/roles', { from, method: 'POST', headers: bearer(), body: '' })
    expect(await through(6, write)).toBe(4)
    expect((await ask('/api/roles', { from, headers: bearer() })).status).toBe(200)
  })

  test('an answer that is refused costs no database work and no verification', async () => {
    const from = newAddress()
    await through(12, () => ask('/api/user', { from, headers: bearer() }))
    expect((await ask('/api/user', { from, headers: { authorization: 'Bearer nonsense' } })).status).toBe(429)
  })

  test('what watches the process, and preflights, are free', async () => {
    const from = newAddress()
    expect(await through(20, () => ask('/health', { from }))).toBe(20)
    expect(await through(20, () => ask('/ready', { from }))).toBe(20)
    const headers = { origin: 'https://shop.test', 'access-control-request-method': 'GET' }
    expect(await through(20, () => ask('/api/user', { from, method: 'OPTIONS', headers }))).toBe(20)
  })
})

describe('limits of who calls, over all addresses', () => {
  const env = {
    RATE_LIMITS: 'on',
    TRUSTED_PROXIES: 'loopback',
    RATE_LIMIT_ACCOUNT: '4/60',
    RATE_LIMIT_CLIENT: '3/60',
    RATE_LIMIT_ORGANIZATION: '5/60',
    RATE_LIMIT_MAIL: '4/3600',
  }
  let at: Service
  beforeAll(async () => {
    at = await startService({ db: open.db, env })
  })
  afterAll(() => at.stop())

  const asking = (token: string, path: string) => () =>
    fetch(`${at.url}/api${path}`, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': newAddress() } })

  test('an account, a client, and all that act in one organization', async () => {
    const person = await anOwner(open)
    const roleId = person.roles.Admin as string
    const [first, second] = [
      await anApplication(open, person, 'integration', { roleId }),
      await anApplication(open, person, 'integration', { roleId }),
    ]
    expect(await through(6, asking(person.token, '/user'))).toBe(4)
    expect(await through(5, asking(first.token, '/roles'))).toBe(3)
    // What the client's own limit refused did not count for the organization: two of five are left.
    expect(await through(5, asking(second.token, '/roles'))).toBe(2)
    const other = await anOwner(open)
    expect((await asking(other.token, '/user')()).status).toBe(200)
  })

  test('what an application does for a person in one organization does not keep them out of another', async () => {
    const [one, two] = [await anOwner(open), await anOwner(open)]
    const seen = async (of: Owner): Promise<string> => {
      const application = await anApplication(open, of, 'webapp', { attributes: WEBAPP })
      return (await asWebapp(open, { owner: of, application, userId: one.userId })).token
    }
    const [here, there] = [await seen(one), await seen(two)]
    expect(await through(6, asking(here, '/roles'))).toBe(4)
    expect(await through(6, asking(there, '/roles'))).toBe(4)
    expect(await through(6, asking(one.token, '/user'))).toBe(4)
  })

  test('a mailbox gets so many invitations, from however many organizations', async () => {
    const [one, two] = [await anOwner(open), await anOwner(open)]
    const email = `${randomBytes(6).toString('hex')}@example.com`
    const invite = async (by: Owner) => {
      const role: [string, string] = ['roles', by.roles.Member as string]
      const to = { organization: ['organizations', by.organizationId] as [string, string], role }
      return api(at, by.token).post('/memberships', resource('memberships', { user_email: email }, to))
    }
    const { status, body } = await invite(one)
    expect(status).toBe(201)
    const resend = (): Promise<Reply> => api(at, one.token).post(`/memberships/${body.data.id}/resend`, { data: {} })
    // At once, as the official client does.
    for (let times = 0; times < 3; times += 1) expect((await resend()).status).toBe(202)
    expect((await invite(two)).status).toBe(429)
  })

  test('an invitation goes out again three times at once, and then waits', async () => {
    const person = await anOwner(open)
    const seat = resource(
      'memberships',
      { user_email: `${randomBytes(6).toString('hex')}@example.com` },
      { organization: ['organizations', person.organizationId], role: ['roles', person.roles.Member as string] },
    )
    const { body } = await person.post('/memberships', seat)
    const resend = () => api(at, person.token).post(`/memberships/${body.data.id}/resend`, { data: {} })
    expect((await resend()).status).toBe(202)
    expect((await resend()).status).toBe(202)
    expect((await resend()).status).toBe(202)
    const refused = await resend()
    expect(refused.status).toBe(429)
    expect(refused.headers.get('x-ratelimit-interval')).toBe('180')
  })
})

describe('S6, 9700-09 whose address it is', () => {
  const reader = (trustedProxies: string[], backendAuth?: string) => {
    const warnings: string[] = []
    const log = { warn: (words: unknown) => void warnings.push(String(words)) }
    const read = createAddressReader({ trustedProxies, backendAuth, log: log as never })
    const from = (peer: string, headers: Record<string, string> = {}) =>
      read({ socket: { remoteAddress: peer }, connection: { remoteAddress: peer }, headers } as never)
    return { from, warnings }
  }

  test('without trusted proxies nobody is believed, and that is said once', () => {
    const { from, warnings } = reader([])
    expect(from('192.0.2.1', { 'x-forwarded-for': '203.0.113.9' })).toBe('192.0.2.1')
    expect(from('192.0.2.1', { 'x-forwarded-for': '203.0.113.9' })).toBe('192.0.2.1')
    expect(warnings).toHaveLength(1)
    expect(from('192.0.2.1', { 'x-backend-auth': '', 'x-true-client-ip': '203.0.113.9' })).toBe('192.0.2.1')
  })

  test('a trusted proxy is believed as far as the first that is not', () => {
    const { from, warnings } = reader(['10.0.0.0/8'])
    expect(from('10.1.1.1', { 'x-forwarded-for': '1.1.1.1, 203.0.113.9, 10.2.2.2' })).toBe('203.0.113.9')
    expect(from('::ffff:10.1.1.1', { 'x-forwarded-for': '203.0.113.9' })).toBe('203.0.113.9')
    expect(from('10.1.1.1', { 'x-forwarded-for': '[2001:db8::1]:443' })).toBe('2001:db8::1')
    expect(from('10.1.1.1', { 'x-forwarded-for': 'unknown' })).toBe('10.1.1.1')
    expect(from('10.1.1.1', { 'x-forwarded-for': '' })).toBe('10.1.1.1')
    expect(warnings).toEqual([])
    expect(from('11.1.1.1', { 'x-forwarded-for': '203.0.113.9' })).toBe('11.1.1.1')
  })

  test('one caller, however the address is spelt', () => {
    const same = ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1', '::ffff:C000:0201']
    expect(new Set(same.map(networkOf))).toEqual(new Set(['192.0.2.1']))
    const six = ['2001:db8::1', '2001:DB8:0:0::2', '2001:0db8::ffff:0:1', '2001:db8:0:0:1:2:3:4', '2001:db8::1.2.3.4']
    expect(new Set(six.map(networkOf))).toEqual(new Set(['2001:db8:0:0::/64']))
    expect(networkOf('2001:db8:0:1::1')).toBe('2001:db8:0:1::/64')
    expect(networkOf('::1')).toBe('0:0:0:0::/64')
  })
})
