import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anApplication, anOwner, call, type Owner, resource } from '../support/api.js'
import { aChallenge, allow, answerOf, aRequest, authorizePath, aWebapp, begin, CALLBACK } from '../support/authorize.js'
import { aBrowser, type Browser, type Page } from '../support/browser.js'
import { type Service, startService } from '../support/service.js'

let service: Service
let owner: Owner
let app: Awaited<ReturnType<typeof aWebapp>>
let browser: Browser

beforeAll(async () => {
  service = await startService({ env: { RESOURCES: 'https://orders.example.com/api' } })
  owner = await anOwner(service, 'Acme')
  app = await aWebapp(service, owner)
  browser = aBrowser(service)
  await browser.signIn(owner.userId)
})
afterAll(() => service.stop())

const get = (parameters: Record<string, string> | [string, string][]): Promise<Page> =>
  browser.get(authorizePath(parameters))

/** The error that the application is told, with what every answer must have. */
async function refusal(parameters: Record<string, string> | [string, string][]): Promise<string> {
  const { error, error_description, iss, code } = answerOf(await get(parameters))
  expect(iss).toBe(service.config.issuer)
  expect(code).toBeUndefined()
  expect(error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  return String(error)
}

/** A refusal that is shown and goes nowhere. */
function expectPage({ status, location, headers, html }: Page): void {
  expect([status, location]).toEqual([400, undefined])
  expect(headers.get('content-type')).toMatch(/^text\/html/)
  expect(html).not.toMatch(/http-equiv|<script/i)
}

const redeem = (form: Record<string, string>) =>
  call(service, '/oauth/token', { method: 'POST', body: new URLSearchParams(form) })

describe('a sound request', () => {
  test('6749-16, 6749-17 ends in a code that is good for a token of this client and redirect URI', async () => {
    const { verifier, challenge } = aChallenge()
    const answer = await allow(browser, aRequest(app.clientId, { code_challenge: challenge }))
    expect(Object.keys(answer).sort()).toEqual(['code', 'iss', 'state'])
    const form = {
      grant_type: 'authorization_code',
      client_id: app.clientId,
      client_secret: app.clientSecret,
      code: String(answer.code),
      redirect_uri: CALLBACK,
      code_verifier: verifier,
    }
    const token = await redeem(form)
    expect([token.status, token.body.owner_id, token.body.scope]).toEqual([200, owner.userId, 'provisioning-api'])
    const seen = await call(service, '/api/organizations', {
      headers: { authorization: `Bearer ${token.body.access_token}` },
    })
    expect(seen.body.data.map(({ id }: { id: string }) => id)).toEqual([owner.organizationId])
    expect((await redeem(form)).body.error).toBe('invalid_grant')
  })

  test('6749-01 is taken by GET and by POST, whose answer is the same request by GET', async () => {
    const parameters = aRequest(app.clientId, { prompt: 'consent' })
    const posted = await browser.post('/oauth/authorize', parameters)
    expect(posted.status).toBe(303)
    expect(posted.location).toBe(authorizePath(parameters))
    // A post from another site brings no cookies, and must not replace them.
    expect(posted.headers.getSetCookie()).toEqual([])
    expect((await browser.follow(posted)).text).toContain('wants to act for you')
  })

  test('6749-01 POST: parameters in the address and other types than a form are refused', async () => {
    const inAddress = await browser.post(authorizePath(aRequest(app.clientId)), {})
    expect([inAddress.status, inAddress.location]).toEqual([400, undefined])
    const json = await call(service, '/oauth/authorize', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(aRequest(app.clientId)),
    })
    expect(json.status).toBe(400)
  })

  test.each(['HEAD', 'PUT', 'DELETE'])('other methods: %s is 405', async (method) => {
    const answer = await call(service, authorizePath(aRequest(app.clientId)), { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST'])
  })

  test('6749-03 unknown parameters are ignored, empty ones are not there', async () => {
    const parameters = aRequest(app.clientId, {
      prompt: 'consent',
      nonsense: 'x',
      'other[]': 'y',
      nonce: '',
      resource: '',
      acr_values: '1',
    })
    expect((await begin(browser, parameters)).text).toContain('wants to act for you')
    expect(await refusal(aRequest(app.clientId, { response_type: '' }))).toBe('invalid_request')
  })

  test.each([
    'xyz',
    'a b+c%20&d=e',
    'ÄÖ 漢字 🚪',
    '"><script>alert(1)</script>',
    '%0d%0aSet-Cookie: x=1',
    'eyJhIjoxfQ==.ab_c-d~',
  ])('6749-15 state %p comes back byte for byte, on success and on error', async (state) => {
    expect((await allow(browser, aRequest(app.clientId, { state }))).state).toBe(state)
    const wrong = answerOf(await get(aRequest(app.clientId, { state, response_type: 'token' })))
    expect([wrong.error, wrong.state]).toEqual(['unsupported_response_type', state])
  })

  test('6749-15 without a state there is none in the answer', async () => {
    expect(await allow(browser, aRequest(app.clientId, { state: undefined }))).not.toHaveProperty('state')
  })

  test('6749-18 whoever cancels sends access_denied to the application', async () => {
    const fresh = await aWebapp(service, owner)
    const page = await begin(browser, aRequest(fresh.clientId))
    const answer = answerOf(await browser.submit(page, {}, { press: 'cancel' }))
    expect([answer.error, answer.state]).toEqual(['access_denied', 'a state'])
  })

  test('9207-01, R12 iss is in every answer and is the issuer of the metadata', async () => {
    const metadata = await call(service, '/.well-known/oauth-authorization-server')
    const good = await allow(browser, aRequest(app.clientId))
    const bad = answerOf(await get(aRequest(app.clientId, { scope: 'nonsense' })))
    expect([good.iss, bad.iss]).toEqual([metadata.body.issuer, metadata.body.issuer])
  })

  test('9207-02 the metadata says so', async () => {
    const { body } = await call(service, '/.well-known/oauth-authorization-server')
    expect(body.authorization_response_iss_parameter_supported).toBe(true)
    expect(body.authorization_endpoint).toBe(service.config.authorizeUrl)
  })

  test('9700-06 every redirect is a 303', async () => {
    const page = await begin(browser, aRequest(app.clientId, { prompt: 'consent' }))
    expect((await browser.submit(page, {}, { press: 'allow' })).status).toBe(303)
    expect((await get(aRequest(app.clientId, { response_type: 'token' }))).status).toBe(303)
    expect((await aBrowser(service).get(authorizePath(aRequest(app.clientId)))).status).toBe(303)
  })

  test('9700-05 the authorization endpoint has no CORS headers', async () => {
    const headers = { origin: 'https://evil.test', 'access-control-request-method': 'GET' }
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await call(service, authorizePath(aRequest(app.clientId)), { method, headers })
      const names = [...answer.headers.keys()].filter((name) => name.startsWith('access-control'))
      expect(names).toEqual([])
    }
  })
})

describe('where an answer may go', () => {
  test.each([undefined, 'nobody', ''])('6749-06, R5 unknown client %p: a page, no redirect', async (client_id) => {
    expectPage(await get(aRequest(app.clientId, { client_id })))
  })

  test('R5 a client that is switched off is unknown', async () => {
    const off = await aWebapp(service, owner)
    await owner.patch(`/api_credentials/${off.id}`, {
      data: { type: 'api_credentials', id: off.id, attributes: { _disable: true } },
    })
    expectPage(await get(aRequest(off.clientId)))
  })

  test.each([
    ['user-info', 'https://app.example.com@evil.test/callback'],
    ['user-info with a port', 'https://app.example.com:443@evil.test/callback'],
    ['another host', 'https://evil.test/callback'],
    ['a subdomain', 'https://x.app.example.com/callback'],
    ['an added query', `${CALLBACK}?a=b`],
    ['an added path', `${CALLBACK}/x`],
    ['dots', 'https://app.example.com/x/../callback'],
    ['encoded dots', 'https://app.example.com/%2e%2e/callback'],
    ['another case', 'https://app.example.com/Callback'],
    ['an upper-case host', 'https://APP.example.com/callback'],
    ['a trailing dot in the host', 'https://app.example.com./callback'],
    ['a port', 'https://app.example.com:8443/callback'],
    ['the default port', 'https://app.example.com:443/callback'],
    ['http', 'http://app.example.com/callback'],
    ['a fragment', `${CALLBACK}#x`],
    ['a tab', 'https://app.example.com/call\tback'],
    ['a newline', `${CALLBACK}\n`],
    ['a space before', ` ${CALLBACK}`],
    ['a backslash', 'https://app.example.com\\@evil.test/callback'],
    ['javascript', 'javascript:alert(1)//https://app.example.com/callback'],
    ['a relative one', '/callback'],
  ])('R1, R2, 9700-01 a redirect_uri with %s: a page, no redirect', async (_what, redirect_uri) => {
    expectPage(await get(aRequest(app.clientId, { redirect_uri })))
  })

  test('R2, R13 two redirect_uri or two client_id: a page, no redirect', async () => {
    const pairs = Object.entries(aRequest(app.clientId))
    expectPage(await get([...pairs, ['redirect_uri', CALLBACK]]))
    expectPage(await get([...pairs, ['redirect_uri', 'https://evil.test/']]))
    expectPage(await get([...pairs, ['client_id', app.clientId]]))
    expectPage(await get([...pairs, ['redirect_uri[]', 'https://evil.test/']]))
  })

  test('broken escapes: a page, no redirect', async () => {
    expectPage(await browser.get(`${authorizePath(aRequest(app.clientId))}&x=%zz`))
    expectPage(await browser.get(`${authorizePath(aRequest(app.clientId))}&x=%ff`))
  })

  test('a request that is too long: a page, no redirect', async () => {
    expectPage(await get(aRequest(app.clientId, { state: 'x'.repeat(6001) })))
  })

  test('6749-07 one registered and none sent: that one; several and none sent: a page', async () => {
    const parameters = aRequest(app.clientId, { redirect_uri: undefined })
    expect((await allow(browser, parameters)).code).toMatch(/^gh_code_/)
    const two = await aWebapp(service, owner, { redirect_uris: ['https://app.example.com/other'] })
    expectPage(await get(aRequest(two.clientId, { redirect_uri: undefined })))
    const other = aRequest(two.clientId, { redirect_uri: 'https://app.example.com/other' })
    expect(answerOf(await get({ ...other, response_type: 'x' }), other.redirect_uri).error).toBeDefined()
  })

  test('6749-17 who has left the redirect_uri out may leave it out at the token endpoint; who has sent it may not', async () => {
    const tokenFor = async (authorize: string | undefined, token: string | undefined) => {
      const { verifier, challenge } = aChallenge()
      const over = { redirect_uri: authorize, code_challenge: challenge }
      const { code } = await allow(browser, aRequest(app.clientId, over))
      const form = {
        grant_type: 'authorization_code',
        client_id: app.clientId,
        client_secret: app.clientSecret,
        code: String(code),
        code_verifier: verifier,
        ...(token === undefined ? {} : { redirect_uri: token }),
      }
      const { status, body } = await redeem(form)
      return status === 200 ? 'token' : body.error
    }
    expect(await tokenFor(undefined, undefined)).toBe('token')
    expect(await tokenFor(undefined, CALLBACK)).toBe('token')
    expect(await tokenFor(CALLBACK, CALLBACK)).toBe('token')
    expect(await tokenFor(CALLBACK, undefined)).toBe('invalid_grant')
    expect(await tokenFor(CALLBACK, `${CALLBACK}/`)).toBe('invalid_grant')
    expect(await tokenFor(undefined, `${CALLBACK}/`)).toBe('invalid_grant')
  })

  test('an application without any: a page', async () => {
    const none = await aWebapp(service, owner, { redirect_uri: null })
    expectPage(await get(aRequest(none.clientId)))
    expectPage(await get(aRequest(none.clientId, { redirect_uri: undefined })))
  })

  test('the query of a registered redirect URI stays', async () => {
    const uri = 'https://app.example.com/callback?tenant=a%20b&x='
    const queried = await aWebapp(service, owner, { redirect_uri: uri })
    const page = await get(aRequest(queried.clientId, { redirect_uri: uri, response_type: 'token' }))
    expect(page.location?.startsWith(`${uri}&error=`)).toBe(true)
  })

  describe('R2, 9700-01 loopback', () => {
    const LOOPBACK = 'http://127.0.0.1:3000/cb?x=1'
    const go = async (confidential: boolean, redirect_uri: string): Promise<number> => {
      const one = await aWebapp(service, owner, { confidential, redirect_uri: LOOPBACK })
      return (await begin(browser, aRequest(one.clientId, { redirect_uri }))).status
    }

    test.each(['http://127.0.0.1:51004/cb?x=1', 'http://127.0.0.1/cb?x=1', LOOPBACK])(
      'the port is free for a public client: %s',
      async (uri) => {
        expect(await go(false, uri)).toBe(200)
      },
    )

    test.each([
      'http://127.0.0.1:51004/cb',
      'http://127.0.0.1:51004/other?x=1',
      'http://localhost:3000/cb?x=1',
      'http://127.0.0.2:3000/cb?x=1',
      'http://127.0.0.1:0/cb?x=1',
      'http://127.0.0.1:65536/cb?x=1',
      'http://127.0.0.1:80@evil.test/cb?x=1',
      'http://127.0.0.1.evil.test:3000/cb?x=1',
      'https://127.0.0.1:3000/cb?x=1',
      'http://127.0.0.1:3000/cb?x=1#f',
    ])('and nothing else: %s', async (uri) => {
      expect(await go(false, uri)).toBe(400)
    })

    test('not for a confidential one', async () => {
      expect(await go(true, 'http://127.0.0.1:51004/cb?x=1')).toBe(400)
    })
  })

  test.each(['javascript:alert(1)', 'data:text/html,x', 'http://app.example.com/', 'https://*.example.com/', '/cb'])(
    'R3, 6749-05 %s cannot be registered',
    async (redirect_uri) => {
      const body = resource(
        'api_credentials',
        { name: 'x', kind: 'webapp', redirect_uri },
        { organization: ['organizations', owner.organizationId] },
      )
      expect((await owner.post('/api_credentials', body)).status).toBe(422)
    },
  )

  test('6749-05 nor one with a fragment, in the list either', async () => {
    const links = { organization: ['organizations', owner.organizationId] } as const
    for (const uris of [{ redirect_uri: `${CALLBACK}#x` }, { redirect_uris: [`${CALLBACK}#`] }]) {
      const body = resource(
        'api_credentials',
        { name: 'x', kind: 'webapp', ...uris },
        { organization: [...links.organization] },
      )
      expect((await owner.post('/api_credentials', body)).status).toBe(422)
    }
  })
})

describe('what may be asked', () => {
  test.each(['state', 'scope', 'response_type', 'code_challenge', 'prompt', 'nonce'])(
    '6749-02, R13 %s twice or as an array is invalid_request',
    async (name) => {
      const pairs = Object.entries(aRequest(app.clientId))
      expect(await refusal([...pairs, [name, 'x'], [name, 'x']])).toBe('invalid_request')
      expect(await refusal([...pairs, [`${name}[]`, 'x']])).toBe('invalid_request')
      expect(await refusal([...pairs, [`${name}[a]`, 'x']])).toBe('invalid_request')
    },
  )

  test('R13 a state that came twice is not sent back', async () => {
    const page = await get([...Object.entries(aRequest(app.clientId)), ['state', 'evil']])
    expect(answerOf(page)).not.toHaveProperty('state')
  })

  test('6749-04 a response_type is needed', async () => {
    expect(await refusal(aRequest(app.clientId, { response_type: undefined }))).toBe('invalid_request')
  })

  test.each(['token', 'code token', 'none', 'id_token', 'CODE', 'code id_token'])(
    'R9, 6749-04, 9700-02 response_type=%s is unsupported_response_type',
    async (response_type) => {
      expect(await refusal(aRequest(app.clientId, { response_type }))).toBe('unsupported_response_type')
    },
  )

  test.each(['fragment', 'form_post', 'query.jwt'])('R9 response_mode=%s is refused, by the query', async (mode) => {
    const page = await get(aRequest(app.clientId, { response_mode: mode }))
    expect(answerOf(page).error).toBe('unsupported_response_type')
    expect(page.location).not.toContain('#')
  })

  test('response_mode=query is the default, said aloud', async () => {
    expect((await begin(browser, aRequest(app.clientId, { response_mode: 'query' }))).location).toContain('code=')
  })

  test('6749-04 an application that acts for itself may not ask people to sign in', async () => {
    const integration = await anApplication(service, owner, 'integration', {
      roleId: owner.roles.Admin ?? '',
      attributes: { redirect_uri: CALLBACK },
    })
    expect(await refusal(aRequest(integration.clientId))).toBe('unauthorized_client')
    const channel = await anApplication(service, owner, 'sales_channel', { attributes: { redirect_uri: CALLBACK } })
    expect(await refusal(aRequest(channel.clientId, { scope: 'market:all' }))).toBe('unauthorized_client')
  })

  test('request objects and foreign request_uri are refused by their names', async () => {
    expect(await refusal(aRequest(app.clientId, { request: 'eyJ.eyJ.x' }))).toBe('request_not_supported')
    const foreign = aRequest(app.clientId, { request_uri: 'https://evil.test/request' })
    expect(await refusal(foreign)).toBe('request_uri_not_supported')
  })

  test.each(['nonsense', 'roles:fly', 'provisioning-api nonsense', 'PROVISIONING-API', 'nothing:read', 'market:id:'])(
    '6749-13 scope %p is invalid_scope',
    async (scope) => {
      expect(await refusal(aRequest(app.clientId, { scope }))).toBe('invalid_scope')
    },
  )

  test('6749-13 the scope stays within what is registered', async () => {
    const narrow = await aWebapp(service, owner, { scopes: 'roles:read openid' })
    const ask = (scope: string) => refusal(aRequest(narrow.clientId, { scope }))
    expect(await ask('memberships:read')).toBe('invalid_scope')
    expect(await ask('provisioning-api')).toBe('invalid_scope')
    expect(await ask('roles:read email')).toBe('invalid_scope')
    const page = await begin(browser, aRequest(narrow.clientId, { scope: 'openid roles:read' }))
    expect(page.text).toContain('See roles in Acme')
    expect((await begin(browser, aRequest(narrow.clientId, { scope: 'openid' }))).status).toBe(200)
  })

  describe('9700-08 resource', () => {
    const ask = (resource: string) => aRequest(app.clientId, { resource })

    test.each(['https://evil.test/api', 'not a uri', 'https://other.gatehouse.test/api'])(
      '%s is invalid_target',
      async (one) => {
        expect(await refusal(ask(one))).toBe('invalid_target')
      },
    )

    test('ours, the commerce API of the organization, and those of RESOURCES are known', async () => {
      const { apiUrl, issuer, domain } = service.config
      const core = `https://${owner.organization.attributes.slug}.${domain}/api`
      for (const one of [apiUrl, issuer, core, 'https://orders.example.com/api'])
        expect((await allow(browser, ask(one))).code).toBeDefined()
      const rows = await service.db.knex('authorization_codes').where({ client_id: app.clientId }).select('resource')
      const kept = new Set(rows.map((row: { resource: string | null }) => row.resource))
      expect(kept).toEqual(new Set([null, issuer, core, 'https://orders.example.com/api']))
    })
  })

  test.each(['none login', 'none consent'])('prompt=%s is invalid_request', async (prompt) => {
    expect(await refusal(aRequest(app.clientId, { prompt }))).toBe('invalid_request')
  })

  test.each(['-1', 'x', '1.5', '99999999999'])('max_age=%s is invalid_request', async (max_age) => {
    expect(await refusal(aRequest(app.clientId, { max_age }))).toBe('invalid_request')
  })
})

describe('PKCE at the authorization endpoint', () => {
  test('7636-03, 9700-03, P2 every client needs a challenge, confidential ones too', async () => {
    const none = { code_challenge: undefined, code_challenge_method: undefined }
    expect(await refusal(aRequest(app.clientId, none))).toBe('invalid_request')
    const spa = await aWebapp(service, owner, { confidential: false })
    expect(await refusal(aRequest(spa.clientId, none))).toBe('invalid_request')
  })

  test.each([undefined, '', 'plain', 's256', 'S512', 'S256 '])(
    '7636-02, P3 code_challenge_method=%p is invalid_request',
    async (code_challenge_method) => {
      expect(await refusal(aRequest(app.clientId, { code_challenge_method }))).toBe('invalid_request')
    },
  )

  test.each(['x'.repeat(42), 'x'.repeat(44), `${'x'.repeat(42)}=`, `${'x'.repeat(42)}.`])(
    'a challenge that no S256 makes is refused: %s',
    async (code_challenge) => {
      expect(await refusal(aRequest(app.clientId, { code_challenge }))).toBe('invalid_request')
    },
  )

  test('7636-03 a confidential webapp may be excused; a method without a challenge is no request', async () => {
    const excused = await aWebapp(service, owner, { require_pkce: false })
    const none = { code_challenge: undefined, code_challenge_method: undefined }
    expect((await allow(browser, aRequest(excused.clientId, none))).code).toBeDefined()
    expect(await refusal(aRequest(excused.clientId, { code_challenge: undefined }))).toBe('invalid_request')
    expect(await refusal(aRequest(excused.clientId, { code_challenge_method: 'plain' }))).toBe('invalid_request')
  })

  test('P2 begun without a challenge, a verifier at the token endpoint is refused', async () => {
    const excused = await aWebapp(service, owner, { require_pkce: false })
    const none = { code_challenge: undefined, code_challenge_method: undefined }
    const { code } = await allow(browser, aRequest(excused.clientId, none))
    const form = {
      grant_type: 'authorization_code',
      client_id: excused.clientId,
      client_secret: excused.clientSecret,
      code: String(code),
      redirect_uri: CALLBACK,
      code_verifier: aChallenge().verifier,
    }
    expect((await redeem(form)).body.error).toBe('invalid_grant')
  })
})
