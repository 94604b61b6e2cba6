import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { sealPending } from '../../src/oauth/authorize/sealed.js'
import { createIdTokens } from '../../src/oauth/id-token.js'
import { aMember, anOwner, aPerson, call, type Owner } from '../support/api.js'
import { aChallenge, allow, answerOf, aRequest, authorizePath, aWebapp, begin, CALLBACK } from '../support/authorize.js'
import { aBrowser, type Browser } from '../support/browser.js'
import { type Service, startService } from '../support/service.js'

const LOOPBACK = 'http://127.0.0.1:49152/callback'
const CONSOLE = 'https://console.example.com/callback'
const DASHBOARD = 'gatehouse-dashboard'

let service: Service
let owner: Owner
let app: Awaited<ReturnType<typeof aWebapp>>
let time = 0

beforeAll(async () => {
  service = await startService({
    clock: () => new Date(Date.now() + time),
    env: { DASHBOARD_REDIRECT_URIS: CONSOLE },
  })
  owner = await anOwner(service, 'Acme')
  app = await aWebapp(service, owner)
})
afterAll(() => service.stop())

async function browserOf(userId: string): Promise<Browser> {
  const browser = aBrowser(service)
  await browser.signIn(userId)
  return browser
}

const ask = (over: Record<string, string | undefined> = {}) => aRequest(app.clientId, over)
const later = (seconds: number) => {
  time += seconds * 1000
}

/** Where the sign-in page is asked for: the path that it is to return to, and whether although somebody is signed in. */
function signInOf(location: string | undefined) {
  const url = new URL(location ?? '', 'http://here')
  expect(url.pathname).toBe('/login')
  return { to: url.searchParams.get('return_to') ?? '', again: url.searchParams.get('again') === '1', url }
}

describe('sign-in', () => {
  test('whoever is not signed in is sent to sign in, and then goes on', async () => {
    const browser = aBrowser(service)
    const page = await browser.get(authorizePath(ask({ login_hint: 'ada@example.com' })))
    const { to, again, url } = signInOf(page.location)
    expect([again, url.searchParams.get('login_hint')]).toEqual([false, 'ada@example.com'])
    expect(to).toMatch(/^\/oauth\/continue\?request=v1\.[\w.-]+$/)
    await browser.signIn(owner.userId)
    const consent = await browser.get(to)
    expect(consent.text).toContain('Stock wants to act for you')
    expect(answerOf(await browser.submit(consent, {}, { press: 'allow' })).code).toBeDefined()
  })

  test.each(['x'.repeat(5700), '漢'.repeat(1500)])(
    'a very long request finds its way through sign-in',
    async (state) => {
      const browser = aBrowser(service)
      const page = await browser.get(authorizePath(ask({ state, prompt: 'consent' })))
      const { to } = signInOf(page.location)
      await browser.signIn(owner.userId)
      expect((await browser.get(to)).status).toBe(200)
    },
  )

  test('OIDC-02 prompt=none asks nobody: login_required, consent_required, a code', async () => {
    const one = await aWebapp(service, owner)
    const silent = aRequest(one.clientId, { prompt: 'none' })
    expect(answerOf(await aBrowser(service).get(authorizePath(silent))).error).toBe('login_required')
    const browser = await browserOf(owner.userId)
    expect(answerOf(await browser.get(authorizePath(silent))).error).toBe('consent_required')
    await allow(browser, aRequest(one.clientId))
    expect(answerOf(await browser.get(authorizePath(silent))).code).toBeDefined()
  })

  test.each(['login', 'select_account'])('OIDC-02 prompt=%s asks although somebody is signed in', async (prompt) => {
    const browser = await browserOf(owner.userId)
    later(1)
    const page = await browser.get(authorizePath(ask({ prompt })))
    const { to, again } = signInOf(page.location)
    expect(again).toBe(true)
    // Going on without having done so does not help.
    expect(signInOf((await browser.get(to)).location).again).toBe(true)
    await browser.signIn(owner.userId)
    expect((await browser.get(to)).location ?? 'page').not.toContain('/login')
  })

  test('OIDC-02 max_age: an older sign-in is not good enough; a new one stays good however long consent takes', async () => {
    const browser = await browserOf(owner.userId)
    later(100)
    const young = await browser.get(authorizePath(ask({ max_age: '101', prompt: 'consent' })))
    expect(young.text).toContain('wants to act for you')
    const { to, again } = signInOf((await browser.get(authorizePath(ask({ max_age: '99' })))).location)
    expect(again).toBe(true)
    await browser.signIn(owner.userId)
    later(200)
    expect((await browser.get(to)).location ?? 'page').not.toContain('/login')
    const never = signInOf((await browser.get(authorizePath(ask({ max_age: '0' })))).location)
    expect(never.again).toBe(true)
  })

  test('OIDC-02 id_token_hint: whoever is signed in must be the one it names; one that is none of ours is none', async () => {
    const { parts, config, db } = service
    const hintAt = (userId: string) =>
      createIdTokens({ keys: parts.keys, issuer: config.issuer, knex: db.knex })({
        client: { clientId: app.clientId },
        userId,
        scope: 'openid',
        nonce: undefined,
        authenticatedAt: undefined,
        amr: [],
        sessionId: undefined,
        accessToken: 'the.access.token',
        now: parts.clock(),
      })
    const member = await aMember(service, owner, owner.roles.Member ?? '')
    const browser = await browserOf(member.userId)
    const [own, others] = [await hintAt(member.userId), await hintAt(owner.userId)]
    for (const id_token_hint of [own, 'x', `${others}x`])
      expect((await begin(browser, ask({ id_token_hint }))).text).toContain('wants to act for you')
    const silent = await browser.get(authorizePath(ask({ id_token_hint: others, prompt: 'none' })))
    expect(answerOf(silent).error).toBe('login_required')
    const { to, again } = signInOf((await browser.get(authorizePath(ask({ id_token_hint: others })))).location)
    expect(again).toBe(true)
    expect(signInOf((await browser.get(to)).location).again).toBe(true)
    await browser.signIn(owner.userId)
    expect((await browser.get(to)).location ?? 'page').not.toContain('/login')
  })

  test('a request is good for half an hour', async () => {
    const browser = aBrowser(service)
    const { to } = signInOf((await browser.get(authorizePath(ask()))).location)
    await browser.signIn(owner.userId)
    later(1799)
    expect((await browser.get(to)).status).not.toBe(400)
    later(2)
    const old = await browser.get(to)
    expect([old.status, old.location]).toEqual([400, undefined])
  })

  test('R4, 9700-07 a request that was not sealed here is shown a page and goes nowhere', async () => {
    const browser = await browserOf(owner.userId)
    const { secrets } = service.parts
    await browser.get('/device')
    const browserId = browser.cookies.get('__Host-gatehouse_browser')
    const content = { browserId, parameters: Object.entries(ask()), askedAt: service.parts.clock().getTime() }
    const sealed = (purpose: string) => secrets.seal(JSON.stringify({ purpose, ...content }))
    const good = await browser.get(`/oauth/continue?${new URLSearchParams({ request: sealed('authorize') })}`)
    expect(good.status).not.toBe(400)
    const otherPurpose = sealed('other')
    for (const request of ['', 'x', 'https://evil.test/', '//evil.test', otherPurpose, 'v1.a.b.c']) {
      const page = await browser.get(`/oauth/continue?${new URLSearchParams({ request })}`)
      expect([request, page.status, page.location]).toEqual([request, 400, undefined])
    }
  })
})

describe('seats', () => {
  test('whoever has no seat in the organization of a webapp is told so, nothing of it, and may go back', async () => {
    const stranger = await aPerson(service)
    const browser = await browserOf(stranger.userId)
    const page = await begin(browser, ask())
    expect([page.status, page.location]).toEqual([403, undefined])
    expect(page.text).not.toContain('Acme')
    expect(page.html).not.toContain(owner.organizationId)
    expect(answerOf(await browser.submit(page, {}, { press: 'cancel' })).error).toBe('access_denied')
    // Nor does pressing what is not there help.
    expect((await browser.submit(page, { decision: 'allow' })).status).toBe(403)
    expect(answerOf(await browser.get(authorizePath(ask({ prompt: 'none' })))).error).toBe('access_denied')
  })

  test('a seat that ends between the question and the answer gives no code', async () => {
    const member = await aMember(service, owner, owner.roles.Member ?? '')
    const browser = await browserOf(member.userId)
    const page = await begin(browser, ask())
    expect(page.status).toBe(200)
    await owner.delete(`/memberships/${member.membershipId}`)
    const answer = await browser.submit(page, {}, { press: 'allow' })
    expect([answer.status, answer.location]).toEqual([403, undefined])
  })

  test('an application that changes between the question and the answer is looked at anew', async () => {
    const one = await aWebapp(service, owner)
    const browser = await browserOf(owner.userId)
    const page = await begin(browser, aRequest(one.clientId))
    await owner.patch(`/api_credentials/${one.id}`, {
      data: { type: 'api_credentials', id: one.id, attributes: { redirect_uri: 'https://app.example.com/new' } },
    })
    await service.parts.revocations.refresh()
    const answer = await browser.submit(page, {}, { press: 'allow' })
    expect([answer.status, answer.location]).toEqual([400, undefined])
  })

  test('an organization may ask for younger sign-ins, and for ones that did not lie idle', async () => {
    const strict = await anOwner(service, 'Strict')
    const one = await aWebapp(service, strict)
    const limit = (limits: Record<string, number | null>) =>
      service.db.knex('organizations').where({ id: strict.organizationId }).update(limits)
    const request = aRequest(one.clientId, { prompt: 'consent' })
    const browser = await browserOf(strict.userId)
    later(400)
    expect((await begin(browser, request)).status).toBe(200)
    await limit({ session_max_seconds: 300 })
    expect(signInOf((await browser.get(authorizePath(request))).location).again).toBe(true)
    await limit({ session_max_seconds: 1200, session_idle_seconds: 300 })
    expect(signInOf((await browser.get(authorizePath(request))).location).again).toBe(true)
    // Whatever was visited meanwhile: it did lie idle.
    expect(signInOf((await browser.get(authorizePath(request))).location).again).toBe(true)
    await browser.signIn(strict.userId)
    later(200)
    expect((await browser.get(authorizePath(request))).status).toBe(200)
    later(200)
    expect((await browser.get(authorizePath(request))).status).toBe(200)
  })
})

describe('consent', () => {
  test('is remembered for a confidential application, for the same and for less', async () => {
    const one = await aWebapp(service, owner)
    const browser = await browserOf(owner.userId)
    const asked = async (over: Record<string, string>) =>
      (await begin(browser, aRequest(one.clientId, over))).location === undefined
    await allow(browser, aRequest(one.clientId, { scope: 'roles:read memberships:read' }))
    expect(await asked({ scope: 'memberships:read roles:read' })).toBe(false)
    expect(await asked({ scope: 'roles:read' })).toBe(false)
    expect(await asked({ scope: 'roles:update' })).toBe(true)
    expect(await asked({ scope: 'provisioning-api' })).toBe(true)
    expect(await asked({ scope: 'roles:read openid' })).toBe(true)
    expect(await asked({ scope: 'roles:read', prompt: 'consent' })).toBe(true)
  })

  test('9700-08 is asked for each resource server besides ours, and remembered for the same and for less there', async () => {
    const one = await aWebapp(service, owner)
    const browser = await browserOf(owner.userId)
    const { issuer: resource, apiUrl } = service.config
    const asked = async (over: Record<string, string>) =>
      (await begin(browser, aRequest(one.clientId, over))).text.includes('wants to act for you')
    const [less, more] = ['roles:read', 'roles:read memberships:read']
    await allow(browser, aRequest(one.clientId, { scope: more }))
    expect(await asked({ scope: less, resource })).toBe(true)
    const silent = await browser.get(authorizePath(aRequest(one.clientId, { scope: less, resource, prompt: 'none' })))
    expect(answerOf(silent).error).toBe('consent_required')
    await allow(browser, aRequest(one.clientId, { scope: less, resource }))
    expect(await asked({ scope: less, resource })).toBe(false)
    // What was agreed to for our own API alone is not agreed to for the other.
    expect(await asked({ scope: more, resource })).toBe(true)
    await allow(browser, aRequest(one.clientId, { scope: 'memberships:read', resource }))
    const places: Record<string, string>[] = [{ resource }, { resource: apiUrl }, {}]
    for (const place of places) expect(await asked({ scope: more, ...place })).toBe(false)
  })

  test('what one person has agreed to is nobody else’s agreement', async () => {
    const member = await aMember(service, owner, owner.roles.Member ?? '')
    await allow(await browserOf(owner.userId), ask())
    const page = await begin(await browserOf(member.userId), ask())
    expect([page.status, page.location]).toEqual([200, undefined])
  })

  test('R7 a public client is asked about each time', async () => {
    const spa = await aWebapp(service, owner, { confidential: false })
    const browser = await browserOf(owner.userId)
    for (let turn = 0; turn < 2; turn += 1) {
      const page = await begin(browser, aRequest(spa.clientId))
      expect(page.text).toContain('wants to act for you')
      expect(answerOf(await browser.submit(page, {}, { press: 'allow' })).code).toBeDefined()
    }
    const silent = await browser.get(authorizePath(aRequest(spa.clientId, { prompt: 'none' })))
    expect(answerOf(silent).error).toBe('consent_required')
  })

  test('R6 a request that was begun in one browser is not finished in another', async () => {
    const attacker = aBrowser(service)
    const { to } = signInOf((await attacker.get(authorizePath(ask()))).location)
    const victim = await browserOf(owner.userId)
    const opened = await victim.get(to)
    expect([opened.status, opened.location]).toEqual([400, undefined])
    const page = await begin(victim, ask({ prompt: 'consent' }))
    const sealed = new URLSearchParams(to.split('?')[1]).get('request') ?? ''
    const swapped = await victim.submit(page, { request: sealed }, { press: 'allow' })
    expect([swapped.status, swapped.location]).toEqual([400, undefined])
  })

  test('R6 the code stands under the session that agreed, and dies with it', async () => {
    const browser = await browserOf(owner.userId)
    const { verifier, challenge } = aChallenge()
    const { code } = await allow(browser, ask({ code_challenge: challenge }))
    const token = browser.cookies.get('__Host-gatehouse_session') ?? ''
    const session = await service.parts.sessions.find(token, service.parts.clock())
    await service.parts.sessions.end({ id: session?.id ?? '', userId: owner.userId }, service.parts.clock())
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: app.clientId,
      client_secret: app.clientSecret,
      code: String(code),
      redirect_uri: CALLBACK,
      code_verifier: verifier,
    })
    const answer = await call(service, '/oauth/token', { method: 'POST', body })
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant'])
  })

  describe('R8, 6749-27 forged forms', () => {
    const forge = async (change: (fields: Record<string, string>) => Record<string, string>, headers = {}) => {
      const browser = await browserOf(owner.userId)
      const page = await begin(browser, ask({ prompt: 'consent' }))
      const hidden = Object.fromEntries((page.forms[0]?.controls ?? []).map(({ name, value }) => [name, value]))
      const answer = await browser.post('/oauth/continue', change({ ...hidden, decision: 'allow' }), headers)
      return [answer.status, answer.location]
    }

    test('the true form is taken', async () => {
      const [status] = await forge((fields) => fields)
      expect(status).toBe(303)
    })

    test('without its csrf, with a wrong one, with another purpose’s', async () => {
      expect(await forge(({ csrf: _, ...fields }) => fields)).toEqual([403, undefined])
      expect(await forge((fields) => ({ ...fields, csrf: 'a'.repeat(64) }))).toEqual([403, undefined])
      const other = await browserOf(owner.userId)
      const device = await other.get('/device')
      const csrf = device.forms[0]?.controls.find(({ name }) => name === 'csrf')?.value ?? ''
      expect(csrf).toMatch(/^[0-9a-f]{64}$/)
      expect(await forge((fields) => ({ ...fields, csrf }))).toEqual([403, undefined])
    })

    test('from another origin', async () => {
      expect(await forge((fields) => fields, { origin: 'https://evil.test' })).toEqual([403, undefined])
      expect(await forge((fields) => fields, { 'sec-fetch-site': 'cross-site' })).toEqual([403, undefined])
    })

    test('a form from before another sign-in', async () => {
      const browser = await browserOf(owner.userId)
      const page = await begin(browser, ask({ prompt: 'consent' }))
      await browser.signIn(owner.userId)
      expect((await browser.submit(page, {}, { press: 'allow' })).status).toBe(403)
    })

    test('R8 GET agrees to nothing', async () => {
      const browser = await browserOf(owner.userId)
      const page = await begin(browser, ask({ prompt: 'consent' }))
      const hidden = (page.forms[0]?.controls ?? []).map(({ name, value }): [string, string] => [name, value])
      const query = new URLSearchParams([...hidden, ['decision', 'allow']])
      const again = await browser.get(`/oauth/continue?${query}`)
      expect([again.status, again.location]).toEqual([200, undefined])
    })
  })
})

describe('the console', () => {
  const console_ = (over: Record<string, string | undefined> = {}) =>
    aRequest(DASHBOARD, { redirect_uri: LOOPBACK, ...over })

  async function tokenOf(browser: Browser, over: Record<string, string> = {}, fields: Record<string, string> = {}) {
    const { verifier, challenge } = aChallenge()
    const page = await begin(browser, console_({ ...over, code_challenge: challenge }))
    const asked = fields.organization === undefined ? page : await browser.submit(page, fields, { press: 'choose' })
    const { code } = answerOf(await browser.submit(asked, {}, { press: 'allow' }), LOOPBACK)
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: DASHBOARD,
      code: String(code),
      redirect_uri: LOOPBACK,
      code_verifier: verifier,
    })
    const answer = await fetch(`${service.url}/oauth/token`, { method: 'POST', body })
    const token = (await answer.json()) as { access_token: string; refresh_token: string }
    const [, payload = ''] = token.access_token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const list = async (path: string) =>
      (await call(service, `/api${path}`, { headers: { authorization: `Bearer ${token.access_token}` } })).body
    let last = token.refresh_token
    const refresh = async () => {
      const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: DASHBOARD, refresh_token: last })
      const next = await fetch(`${service.url}/oauth/token`, { method: 'POST', body: form })
      if (next.ok) last = ((await next.json()) as { refresh_token: string }).refresh_token
      return next
    }
    return { claims, list, refresh }
  }

  const idsOf = (body: { data: { id: string }[] }) => body.data.map(({ id }) => id).sort()

  async function inTwo() {
    const one = await anOwner(service, 'One')
    const other = await anOwner(service, 'Other')
    const member = await aMember(service, other, other.roles.Member ?? '')
    await service.db.knex('memberships').where({ id: member.membershipId }).update({ user_id: one.userId })
    await service.parts.revocations.refresh()
    return { person: one, home: one.organizationId, other: other.organizationId }
  }
  let two: Awaited<ReturnType<typeof inTwo>>
  beforeAll(async () => {
    two = await inTwo()
  })

  test('needs no consent and no choice for provisioning-api alone: its token is the user in all of theirs', async () => {
    const { person, home, other } = two
    const browser = await browserOf(person.userId)
    const page = await begin(browser, console_({ prompt: 'none', redirect_uri: CONSOLE }))
    expect(answerOf(page, CONSOLE).code).toBeDefined()
    const { claims, list } = await tokenOf(browser)
    expect([claims.user?.id, claims.organization, claims.application.kind]).toEqual([
      person.userId,
      undefined,
      'dashboard',
    ])
    expect(idsOf(await list('/organizations'))).toEqual([home, other].sort())
  })

  test('else the user chooses the organization, and the token stands in it', async () => {
    const { person, home, other } = two
    const browser = await browserOf(person.userId)
    const scope = 'market:all'
    const page = await begin(browser, console_({ scope }))
    expect(page.text).toContain('One')
    expect(page.text).toContain('Other')
    const asked = await browser.get(authorizePath(console_({ scope, prompt: 'none' })))
    expect(answerOf(asked, LOOPBACK).error).toBe('interaction_required')
    for (const organization of [home, other]) {
      const { claims, list } = await tokenOf(browser, { scope }, { organization })
      expect([claims.organization.id, claims.application.kind]).toEqual([organization, 'dashboard'])
      expect(idsOf(await list('/organizations'))).toEqual([organization])
    }
  })

  test('the rights are those of the seat in the organization chosen', async () => {
    const { person, home, other } = two
    const browser = await browserOf(person.userId)
    const create = async (organization: string) => {
      const { list } = await tokenOf(browser, { scope: 'market:all' }, { organization })
      return idsOf(await list('/roles?page[size]=1')).length
    }
    expect([await create(home), await create(other)]).toEqual([1, 1])
    const { list } = await tokenOf(browser, { scope: 'market:all' }, { organization: other })
    // A plain member reads no versions; the owner of the other organization does.
    expect((await list('/versions')).data ?? []).toEqual([])
    const mine = await tokenOf(browser, { scope: 'market:all' }, { organization: home })
    expect((await mine.list('/versions')).data.length).toBeGreaterThan(0)
  })

  test('an organization in which one has no seat cannot be chosen', async () => {
    const browser = await browserOf(two.person.userId)
    const page = await begin(browser, console_({ scope: 'market:all' }))
    for (const decision of ['choose', 'allow']) {
      const answer = await browser.submit(page, { organization: owner.organizationId, decision })
      expect([answer.status, answer.location, answer.text.includes('Choose an organization')]).toEqual([
        200,
        undefined,
        true,
      ])
    }
  })

  test('R7 choosing an organization is no agreement: a program on the same machine is asked about there too', async () => {
    const { person, other } = two
    const browser = await browserOf(person.userId)
    const page = await begin(browser, console_({ scope: 'market:all' }))
    const asked = await browser.submit(page, { organization: other }, { press: 'choose' })
    expect([asked.status, asked.location]).toEqual([200, undefined])
    for (const shown of ['Gatehouse wants to act for you', 'In Other it asks to:', new URL(LOOPBACK).host])
      expect(asked.text).toContain(shown)
    expect(answerOf(await browser.submit(asked, {}, { press: 'cancel' }), LOOPBACK).error).toBe('access_denied')
    expect(answerOf(await browser.submit(asked, {}, { press: 'allow' }), LOOPBACK).code).toBeDefined()
  })

  describe('what was agreed to for one organization counts in no other', () => {
    /** Somebody with a seat in `One`, who may sit down in `Other` and leave. */
    async function aMover() {
      const [one, other] = [await anOwner(service, 'One'), await anOwner(service, 'Other')]
      const { userId } = await aPerson(service)
      const sit = async (at: Owner) => {
        const { membershipId } = await aMember(service, at, at.roles.Member ?? '')
        await service.db.knex('memberships').where({ id: membershipId }).update({ user_id: userId })
        return membershipId
      }
      const first = await sit(one)
      return {
        browser: await browserOf(userId),
        home: one.organizationId,
        join: () => sit(other),
        leave: () => one.delete(`/memberships/${first}`),
      }
    }
    const request = (redirect_uri: string) => console_({ scope: 'market:all', redirect_uri })

    test('what the page of the one seat has named is not the next one', async () => {
      const { browser, join, leave } = await aMover()
      const page = await begin(browser, request(LOOPBACK))
      expect(page.text).toContain('In One it asks to:')
      await join()
      await leave()
      const choice = await browser.submit(page, {}, { press: 'allow' })
      expect([choice.status, choice.location, choice.text.includes('Choose an organization')]).toEqual([
        200,
        undefined,
        true,
      ])
      const asked = await browser.submit(choice, {}, { press: 'choose' })
      expect(asked.text).toContain('In Other it asks to:')
      const unnamed = await browser.submit(asked, { organization: '' }, { press: 'allow' })
      expect([unnamed.status, unnamed.location]).toEqual([200, undefined])
      expect(answerOf(await browser.submit(asked, {}, { press: 'allow' }), LOOPBACK).code).toBeDefined()
    })

    test('nor is what was chosen', async () => {
      const { browser, join, leave, home } = await aMover()
      await join()
      const page = await begin(browser, request(CONSOLE))
      await leave()
      const asked = await browser.submit(page, { organization: home }, { press: 'choose' })
      expect([asked.status, asked.location]).toEqual([200, undefined])
      expect(asked.text).toContain('Other')
    })
  })

  test('where it is the service itself, the choice is all that is asked', async () => {
    const browser = await browserOf(two.person.userId)
    const page = await begin(browser, console_({ scope: 'market:all', redirect_uri: CONSOLE }))
    expect(page.text).toContain('Choose an organization')
    const answer = await browser.submit(page, { organization: two.other }, { press: 'choose' })
    expect(answerOf(answer, CONSOLE).code).toBeDefined()
  })

  test('whoever has one organization is not asked, whoever has none is told', async () => {
    const one = await browserOf(owner.userId)
    const page = await one.get(authorizePath(console_({ scope: 'market:all', redirect_uri: CONSOLE })))
    expect(answerOf(page, CONSOLE).code).toBeDefined()
    const nobody = await browserOf((await aPerson(service)).userId)
    expect((await nobody.get(authorizePath(console_({ scope: 'market:all' })))).status).toBe(403)
  })

  test.each(['session_max_seconds', 'session_idle_seconds'])(
    'in all organizations of its user it keeps the %s of each',
    async (column) => {
      const { person, other } = await inTwo()
      const limit = (seconds: number | null) =>
        service.db
          .knex('organizations')
          .where({ id: other })
          .update({ [column]: seconds })
      const browser = await browserOf(person.userId)
      const request = console_({ redirect_uri: CONSOLE })
      const opened = () => browser.get(authorizePath(request))
      const { refresh } = await tokenOf(browser)
      later(400)
      expect((await refresh()).status).toBe(200)
      later(400)
      await limit(300)
      expect(signInOf((await opened()).location).again).toBe(true)
      expect((await refresh()).status).toBe(400)
      // One that is suspended asks for nothing.
      await service.db.knex('organizations').where({ id: other }).update({ suspended_at: service.parts.clock() })
      expect(answerOf(await opened(), CONSOLE).code).toBeDefined()
      expect((await refresh()).status).toBe(200)
    },
  )

  test.each([
    ['provisioning-api', 'In all your organizations'],
    ['market:all', 'In Acme'],
  ])('R7 a program on the same machine is asked about each time: %s', async (scope, where) => {
    const browser = await browserOf(owner.userId)
    for (const redirect_uri of [LOOPBACK, 'http://localhost:1234/callback', 'http://[::1]:9/callback']) {
      const request = console_({ scope, redirect_uri })
      const silent = await browser.get(authorizePath({ ...request, prompt: 'none' }))
      expect(answerOf(silent, redirect_uri).error).toBe('consent_required')
      const page = await begin(browser, request)
      expect([page.status, page.location]).toEqual([200, undefined])
      for (const shown of ['Gatehouse wants to act for you', where, new URL(redirect_uri).host])
        expect(page.text).toContain(shown)
      const answer = await browser.submit(page, {}, { press: 'allow' })
      expect(answerOf(answer, redirect_uri).code).toBeDefined()
    }
  })

  test('it returns to loopback and to DASHBOARD_REDIRECT_URIS, and nowhere else', async () => {
    const browser = await browserOf(owner.userId)
    const go = async (redirect_uri: string) => (await browser.get(authorizePath(console_({ redirect_uri })))).status
    expect(await go(CONSOLE)).toBe(303)
    for (const good of ['http://localhost:1234/callback', 'http://[::1]:9/callback'])
      expect([good, await go(good)]).toEqual([good, 200])
    for (const bad of [
      'https://console.example.com:444/callback',
      'https://evil.test/callback',
      'http://127.0.0.1:9/x',
    ])
      expect([bad, await go(bad)]).toEqual([bad, 400])
  })

  test('P2 it needs PKCE, and it has no secret', async () => {
    const browser = await browserOf(owner.userId)
    const bare = console_({ code_challenge: undefined, code_challenge_method: undefined })
    expect(answerOf(await browser.get(authorizePath(bare)), LOOPBACK).error).toBe('invalid_request')
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: DASHBOARD })
    const answer = await call(service, '/oauth/token', { method: 'POST', body })
    expect(answer.body.error).toBe('unauthorized_client')
    body.set('client_secret', 'x')
    expect((await call(service, '/oauth/token', { method: 'POST', body })).body.error).toBe('invalid_client')
  })
})

test('a sealed request names its purpose and its browser', () => {
  const sealed = sealPending(
    service.parts.secrets,
    { parameters: new Map([['a', 'b']]), pushed: false, askedAt: 1 },
    'browser',
  )
  expect(JSON.parse(service.parts.secrets.open(sealed))).toEqual({
    purpose: 'authorize',
    browserId: 'browser',
    parameters: [['a', 'b']],
    pushed: false,
    askedAt: 1,
  })
})
