import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { aMember, anApplication, anOwner, call, change, type Owner } from '../support/api.js'
import { answerOf, aRequest, aWebapp, CALLBACK } from '../support/authorize.js'
import { aBrowser, type Browser } from '../support/browser.js'
import { basic } from '../support/oauth-service.js'
import { type Service, startService } from '../support/service.js'

const SESSION = '__Host-gatehouse_session'

let service: Service
let owner: Owner
let app: Awaited<ReturnType<typeof aWebapp>>
let browser: Browser
let time = 0

beforeAll(async () => {
  service = await startService({ clock: () => new Date(Date.now() + time) })
  owner = await anOwner(service)
  app = await aWebapp(service, owner)
  browser = aBrowser(service)
  await browser.signIn(owner.userId)
})
afterAll(() => service.stop())

const post = (form: Record<string, string> | [string, string][], headers: Record<string, string> = {}) =>
  call(service, '/oauth/par', { method: 'POST', body: new URLSearchParams(form), headers })

const withSecret = (over: Record<string, string | undefined> = {}): Record<string, string> => ({
  ...aRequest(app.clientId, over),
  client_secret: app.clientSecret,
})

async function pushed(form = withSecret()): Promise<string> {
  const { status, body } = await post(form)
  expect(status).toBe(201)
  return body.request_uri
}

const open = (request_uri: string, over: Record<string, string> = {}) =>
  browser.get(`/oauth/authorize?${new URLSearchParams({ client_id: app.clientId, request_uri, ...over })}`)

describe('RFC 9126 pushed authorization requests', () => {
  test('9126-03 are answered 201 with a name of 256 bits and its life in seconds, not to be kept', async () => {
    const { status, body, headers } = await post(withSecret())
    expect([status, Object.keys(body), body.expires_in]).toEqual([201, ['request_uri', 'expires_in'], 90])
    expect(body.request_uri).toMatch(/^urn:ietf:params:oauth:request_uri:[\w-]{43,}$/)
    expect(headers.get('cache-control')).toBe('no-store')
    expect((await post(withSecret())).body.request_uri).not.toBe(body.request_uri)
  })

  test('the name leads to what was pushed', async () => {
    const page = await open(await pushed(withSecret({ state: 'pushed state', scope: 'roles:read' })))
    expect(page.text).toContain('See roles')
    const answer = answerOf(await browser.submit(page, {}, { press: 'allow' }))
    expect([answer.state, answer.iss]).toEqual(['pushed state', service.config.issuer])
    expect(answer.code).toBeDefined()
  })

  test('it goes through sign-in as any other', async () => {
    const stranger = aBrowser(service)
    const request_uri = await pushed()
    const query = new URLSearchParams({ client_id: app.clientId, request_uri })
    const { location } = await stranger.get(`/oauth/authorize?${query}`)
    await stranger.signIn(owner.userId)
    const to = new URL(location ?? '', 'http://here').searchParams.get('return_to') ?? ''
    expect((await stranger.get(to)).status).not.toBe(400)
  })

  test.each(['GET', 'PUT', 'DELETE'])('9126-01 %s is 405', async (method) => {
    expect((await call(service, '/oauth/par', { method })).status).toBe(405)
  })

  test('9126-01 the client authenticates as at the token endpoint', async () => {
    const { client_secret: _, ...bare } = withSecret()
    expect((await post(bare)).body.error).toBe('invalid_client')
    expect((await post({ ...bare, client_secret: 'wrong' })).status).toBe(401)
    expect((await post({ ...bare, client_id: 'nobody' })).status).toBe(401)
    const header = basic(app.clientId, app.clientSecret)
    expect((await post(bare, header)).status).toBe(201)
    expect((await post(withSecret(), header)).body.error).toBe('invalid_request')
    const { client_id: __, ...anonymous } = bare
    const { body } = await post(anonymous, header)
    expect((await open(body.request_uri)).status).not.toBe(400)
    const spa = await aWebapp(service, owner, { confidential: false })
    expect((await post(aRequest(spa.clientId))).status).toBe(201)
  })

  test.each([
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'invalid_request'],
    [{ redirect_uri: 'https://evil.test/' }, 'invalid_request'],
    [{ redirect_uri: `${CALLBACK}/` }, 'invalid_request'],
    [{ scope: 'nonsense' }, 'invalid_scope'],
    [{ resource: 'https://evil.test/' }, 'invalid_target'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ request: 'eyJ.eyJ.x' }, 'request_not_supported'],
  ])('9126-01 it is checked as the authorization endpoint checks: %p is %s', async (over, error) => {
    const { status, body } = await post(withSecret(over))
    expect([status, body.error]).toEqual([400, error])
  })

  test('9126-01 an application that acts for itself may not push', async () => {
    const integration = await anApplication(service, owner, 'integration', {
      roleId: owner.roles.Admin ?? '',
      attributes: { redirect_uri: CALLBACK },
    })
    const form = { ...aRequest(integration.clientId), client_secret: integration.clientSecret }
    expect((await post(form)).body.error).toBe('unauthorized_client')
  })

  test('R13 what comes twice is refused', async () => {
    const twice = await post([...Object.entries(withSecret()), ['state', 'b']])
    expect([twice.status, twice.body.error]).toEqual([400, 'invalid_request'])
  })

  test('9126-02 a request_uri in what is pushed is refused', async () => {
    const inside = await post(withSecret({ request_uri: await pushed() }))
    expect([inside.status, inside.body.error]).toEqual([400, 'invalid_request'])
  })

  test('9126-04 a name is good once', async () => {
    const name = await pushed()
    expect((await open(name)).status).not.toBe(400)
    const again = await open(name)
    expect([again.status, again.location]).toEqual([400, undefined])
    const both = await pushed()
    const results = await Promise.all([open(both), open(both), open(both)])
    expect(results.filter(({ status }) => status === 400)).toHaveLength(2)
  })

  test('9126-04 not after 90 seconds, not by another client, not a made-up one', async () => {
    const old = await pushed()
    time += 91_000
    expect((await open(old)).status).toBe(400)
    const other = await aWebapp(service, owner)
    const foreign = await open(await pushed(), { client_id: other.clientId })
    expect([foreign.status, foreign.location]).toEqual([400, undefined])
    expect((await open(`urn:ietf:params:oauth:request_uri:${'a'.repeat(43)}`)).status).toBe(400)
    expect((await browser.get(`/oauth/authorize?request_uri=${encodeURIComponent(old)}`)).status).toBe(400)
  })

  test('9126-04 the table holds no name, only its keyed hash', async () => {
    const name = await pushed()
    const rows = await service.db.knex('pushed_requests').select('*')
    expect(JSON.stringify(rows)).not.toContain(name.split(':').at(-1))
    expect(JSON.stringify(rows)).not.toContain(app.clientSecret)
  })

  test('9126-05 what stands beside the name in the address counts for nothing', async () => {
    const name = await pushed(withSecret({ state: 'true', scope: 'roles:read' }))
    const page = await open(name, {
      state: 'forged',
      scope: 'provisioning-api',
      redirect_uri: 'https://evil.test/',
      code_challenge: 'x'.repeat(43),
      prompt: 'none',
    })
    const sent = page.location === undefined ? await browser.submit(page, {}, { press: 'allow' }) : page
    expect(answerOf(sent).state).toBe('true')
    const where = { client_id: app.clientId, scope: 'roles:read' }
    const rows = await service.db.knex('authorization_codes').where(where).select('redirect_uri')
    expect(new Set(rows.map((row) => row.redirect_uri))).toEqual(new Set([CALLBACK]))
  })

  test('9126-05 an application that must push is refused without it, and goes on with it', async () => {
    const strict = await aWebapp(service, owner, { require_pushed_authorization_requests: true })
    const bare = await browser.get(`/oauth/authorize?${new URLSearchParams(aRequest(strict.clientId))}`)
    expect(answerOf(bare).error).toBe('invalid_request')
    const form = { ...aRequest(strict.clientId), client_secret: strict.clientSecret }
    const page = await open(await pushed(form), { client_id: strict.clientId })
    expect(page.text).toContain('wants to act for you')
    expect(answerOf(await browser.submit(page, {}, { press: 'allow' })).code).toBeDefined()
  })

  async function end(id: string, how: string): Promise<void> {
    const gone =
      how === 'deleted'
        ? await owner.delete(`/api_credentials/${id}`)
        : await owner.patch(`/api_credentials/${id}`, change('api_credentials', id, { _disable: true }))
    expect(gone.status).toBeLessThan(300)
  }

  const codesOf = (client_id: string) => service.db.knex('authorization_codes').where({ client_id }).select('hash')

  test.each(['deleted', 'disabled'])(
    'T9 what an application has pushed counts no more once it is %s: before it is opened, before the answer, with its code',
    async (how) => {
      const other = await aWebapp(service, owner)
      const form = { ...aRequest(other.clientId), client_secret: other.clientSecret }
      const [unopened, opened, answered] = [await pushed(form), await pushed(form), await pushed(form)]
      const [page, agreed] = [
        await open(opened, { client_id: other.clientId }),
        await open(answered, { client_id: other.clientId }),
      ]
      const { code = '' } = answerOf(await browser.submit(agreed, {}, { press: 'allow' }))
      await end(other.id, how)
      for (const next of [
        await open(unopened, { client_id: other.clientId }),
        await browser.submit(page, {}, { press: 'allow' }),
      ]) {
        expect([next.status >= 400, next.location]).toEqual([true, undefined])
      }
      // The one that was given before, if any: none has come.
      expect((await codesOf(other.clientId)).length).toBeLessThan(2)
      const client = { client_id: other.clientId, client_secret: other.clientSecret }
      const body = new URLSearchParams({ ...client, grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
      const answer = await fetch(`${service.url}/oauth/token`, { method: 'POST', body })
      expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([401, 'invalid_client'])
    },
  )

  describe('T9 R6 the person’s session has ended since', () => {
    let other: Awaited<ReturnType<typeof aWebapp>>
    let mine: Browser
    const started = async () => {
      other = await aWebapp(service, owner)
      const request_uri = await pushed({ ...aRequest(other.clientId), client_secret: other.clientSecret })
      return `/oauth/authorize?${new URLSearchParams({ client_id: other.clientId, request_uri })}`
    }
    beforeEach(async () => {
      mine = aBrowser(service)
      await mine.signIn((await aMember(service, owner, owner.roles.Admin ?? '')).userId)
    })
    const endSession = async (): Promise<void> => {
      const session = await service.parts.sessions.find(mine.cookies.get(SESSION) ?? '', service.parts.clock())
      await service.parts.sessions.end(session as never, service.parts.clock())
    }

    test('before it is opened: the person signs in first, and is asked', async () => {
      const path = await started()
      await endSession()
      const { location } = await mine.get(path)
      const to = new URL(location ?? '', 'http://here')
      expect([to.pathname, await codesOf(other.clientId)]).toEqual(['/login', []])
      await mine.signIn(owner.userId)
      const page = await mine.follow(await mine.get(to.searchParams.get('return_to') ?? ''))
      expect(answerOf(await mine.submit(page, {}, { press: 'allow' })).code).toBeDefined()
    })

    test('before the answer: the form belongs to that session, and its name is used up', async () => {
      const path = await started()
      const page = await mine.get(path)
      await endSession()
      const answer = await mine.submit(page, {}, { press: 'allow' })
      expect([answer.status, answer.location, await codesOf(other.clientId)]).toEqual([403, undefined, []])
      expect((await mine.get(path)).status).toBe(400)
    })
  })

  test('the sweep takes old ones away', async () => {
    const { sweep } = await import('../../src/jobs/sweep.js')
    await pushed()
    time += 91_000
    const now = service.parts.clock()
    const { signal } = new AbortController()
    await sweep.run({ ...service.parts, knex: service.db.knex, config: service.config, now, signal } as never)
    expect(await service.db.knex('pushed_requests').where('expires_at', '<=', now)).toEqual([])
  })
})

test('a client pushes so many from an address, and more from another', async () => {
  const env = { RATE_LIMITS: 'on', TRUSTED_PROXIES: 'loopback', RATE_LIMIT_PUSHED_REQUEST: '2/60' }
  const limited = await startService({ db: service.db, env })
  try {
    const push = async (from: string) => {
      const headers = { 'x-forwarded-for': from }
      const body = new URLSearchParams(withSecret())
      return (await fetch(`${limited.url}/oauth/par`, { method: 'POST', body, headers })).status
    }
    const [here, there] = ['198.51.100.1', '198.51.100.2']
    expect([await push(here), await push(here), await push(here), await push(there)]).toEqual([201, 201, 429, 201])
  } finally {
    await limited.stop()
  }
})
