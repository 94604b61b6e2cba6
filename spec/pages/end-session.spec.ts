import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/ids.js'
import { createIdTokens } from '../../src/oauth/id-token.js'
import { aMember, anApplication, anOwner, type Owner, resource } from '../support/api.js'
import { aBrowser, type Browser } from '../support/browser.js'
import { type Service, startService } from '../support/service.js'
import { asWebapp } from '../support/webapp.js'

const PATH = '/oauth/end_session'
const BACK = 'https://shop.test/bye?lang=en'

let service: Service
let owner: Owner
let application: Awaited<ReturnType<typeof anApplication>>

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
  const attributes = { redirect_uri: 'https://shop.test/back', post_logout_redirect_uris: [BACK, 'https://shop.test/'] }
  application = await anApplication(service, owner, 'webapp', { attributes })
})
afterAll(() => service.stop())

const query = (parameters: Record<string, string>): string => `${PATH}?${new URLSearchParams(parameters)}`

/** A browser in which somebody is signed in, their session, and what the application was told of them. */
async function signedIn(userId = owner.userId) {
  const browser = aBrowser(service)
  const cookie = await browser.signIn(userId)
  const session = await service.parts.sessions.find(cookie, new Date())
  if (session === undefined) throw new Error('no session')
  const { parts, config, db } = service
  const hint = await createIdTokens({ keys: parts.keys, issuer: config.issuer, knex: db.knex })({
    client: application,
    userId,
    scope: 'openid',
    nonce: undefined,
    authenticatedAt: session.authenticatedAt,
    amr: ['pwd'],
    sessionId: session.id,
    accessToken: 'token',
    now: new Date(),
  })
  const isOpen = async (): Promise<boolean> => (await parts.sessions.find(cookie, new Date())) !== undefined
  return { browser, session, hint, isOpen }
}

/** A refusal: a page, nowhere to go. */
async function refused(browser: Browser, parameters: Record<string, string>): Promise<string> {
  const page = await browser.get(query(parameters))
  expect([page.status, page.location]).toEqual([400, undefined])
  return page.text
}

describe('logout on behalf of an application', () => {
  test('OIDC-05 with the id_token of who is signed in it is done at once, and the state comes back', async () => {
    const { browser, hint, isOpen } = await signedIn()
    const page = await browser.get(query({ id_token_hint: hint, post_logout_redirect_uri: BACK, state: 'a b&c=d' }))
    expect([page.status, page.location]).toEqual([303, `${BACK}&state=a+b%26c%3Dd`])
    expect(await isOpen()).toBe(false)
    expect([...browser.cookies.keys()].filter((name) => name.endsWith('session'))).toEqual([])
  })

  test('OIDC-05 the access tokens and refresh tokens of that sign-in are dead with it', async () => {
    const { browser, hint, session } = await signedIn()
    const caller = await asWebapp(service, { owner, application, userId: owner.userId, sessionId: session.id })
    expect((await caller.get('/roles')).status).toBe(200)
    const family = { organization_id: owner.organizationId, id: `family${session.id}`.slice(0, 16) }
    await service.db.knex.transaction(async (trx) => {
      const row = { ...family, client_id: application.clientId, user_id: owner.userId, session_id: session.id }
      const now = new Date()
      const times = { created_at: now, last_used_at: now, expires_at: new Date(now.getTime() + 1e6) }
      await trx.raw('set local role gatehouse_auth')
      await trx('refresh_families').insert({ ...row, scope: 'openid', ...times })
    })
    expect((await browser.get(query({ id_token_hint: hint }))).text).toContain('You are signed out')
    expect((await caller.get('/roles')).status).toBe(401)
    const [ended] = await service.db.knex('refresh_families').where(family)
    expect(ended.ended_because).toBe('signed_out')
  })

  test('OIDC-05 without a hint the person is asked; their yes signs out, with the address and the state', async () => {
    const { browser, isOpen } = await signedIn()
    const asked = { client_id: application.clientId, post_logout_redirect_uri: BACK, state: 's' }
    const question = await browser.get(query(asked))
    expect([question.status, question.location]).toEqual([200, undefined])
    expect(question.text).toContain(`${'webapp'} asks to sign you out`)
    expect(question.text).toContain(owner.email)
    expect(question.headers.get('content-security-policy')).toContain("form-action 'self' https://shop.test;")
    expect(await isOpen()).toBe(true)
    const done = await browser.submit(question)
    expect([done.status, done.location]).toEqual([303, `${BACK}&state=s`])
    expect(await isOpen()).toBe(false)
  })

  test('OIDC-05 with the id_token of somebody else the person is asked, and nobody is signed out by asking', async () => {
    const other = await signedIn((await aMember(service, owner, owner.roles['Read-only'] as string)).userId)
    const { browser, isOpen } = await signedIn()
    const question = await browser.get(query({ id_token_hint: other.hint, post_logout_redirect_uri: BACK }))
    expect([question.status, question.text]).toEqual([200, expect.stringContaining('Sign out?')])
    expect([await isOpen(), await other.isOpen()]).toEqual([true, true])
    await browser.submit(question)
    expect([await isOpen(), await other.isOpen()]).toEqual([false, true])
  })

  test('OIDC-05 with the id_token of another sign-in of theirs, or of none, the person is asked', async () => {
    const [{ hint }, { browser, isOpen }] = [await signedIn(), await signedIn()]
    const page = await browser.get(query({ id_token_hint: hint }))
    expect([page.status, await isOpen()]).toEqual([200, true])
    expect((await browser.submit(page)).status).toBeLessThan(400)
    expect(await isOpen()).toBe(false)
  })

  test('OIDC-05 a hint that is none of ours is as good as none', async () => {
    const { browser, isOpen, hint } = await signedIn()
    for (const bad of [`${hint}x`, owner.token, 'nonsense']) {
      const question = await browser.get(query({ id_token_hint: bad, client_id: application.clientId }))
      expect(question.text).toContain('Sign out?')
    }
    expect(await isOpen()).toBe(true)
  })

  test('R8 the question is answered by its own form only', async () => {
    const { browser, isOpen } = await signedIn()
    const question = await browser.get(PATH)
    const foreign = await browser.submit(question, {}, { headers: { origin: 'https://evil.test' } })
    const stale = await browser.submit(question, { csrf: '0'.repeat(64) })
    expect([foreign.status, stale.status, await isOpen()]).toEqual([403, 403, true])
  })

  test('a form of another site comes without cookies: its hint ends that sign-in, and the rest is asked by a GET', async () => {
    const { browser, hint, isOpen } = await signedIn()
    const form = { id_token_hint: hint, post_logout_redirect_uri: BACK, state: 's' }
    const elsewhere = aBrowser(service)
    const posted = await elsewhere.post(PATH, form, { origin: 'https://shop.test', 'sec-fetch-site': 'cross-site' })
    expect(posted.status).toBe(303)
    expect(posted.headers.getSetCookie()).toEqual([])
    expect(await isOpen()).toBe(false)
    // T17: the token does not travel in an address that we make.
    expect(posted.location).not.toContain(hint.slice(0, 20))
    const then = await browser.get(posted.location ?? '')
    expect([then.status, then.location]).toEqual([303, `${BACK}&state=s`])
  })

  test('OIDC-05 who is not signed in goes on where the application has registered', async () => {
    const browser = aBrowser(service)
    const page = await browser.get(query({ client_id: application.clientId, post_logout_redirect_uri: BACK }))
    expect([page.status, page.location]).toEqual([303, BACK])
    const none = await browser.get(PATH)
    expect([none.status, none.text]).toEqual([200, expect.stringContaining('You are signed out')])
  })

  test.each([
    'https://evil.test/', 'https://shop.test', 'https://shop.test/bye', 'https://shop.test/bye?lang=en&x=1',
    'https://shop.test/bye?lang=en#x', 'https://SHOP.test/', 'https://shop.test/.', 'https://shop.test@evil.test/',
    '//evil.test', '/\\evil.test', '/account', 'javascript:alert(1)', 'https://shop.test/back', 'https://shop.test:443/',
  ])('R4 post_logout_redirect_uri=%s is refused and signs nobody out', async (uri) => {
    const { browser, hint, isOpen } = await signedIn()
    const text = await refused(browser, { id_token_hint: hint, post_logout_redirect_uri: uri })
    expect(text).toContain('post_logout_redirect_uri is not one that the application has registered')
    expect(await isOpen()).toBe(true)
  }) // biome-ignore format: a table

  test('R4 an address without an application, of another one, or sent twice leads nowhere', async () => {
    const { browser, hint, isOpen } = await signedIn()
    const other = await anApplication(service, owner, 'webapp', { attributes: { redirect_uri: 'https://b.test/' } })
    await refused(browser, { post_logout_redirect_uri: BACK })
    await refused(browser, { client_id: other.clientId, post_logout_redirect_uri: BACK })
    await refused(browser, { client_id: 'nobody', post_logout_redirect_uri: BACK })
    await refused(browser, { client_id: other.clientId, id_token_hint: hint })
    const twice = await browser.get(`${query({ id_token_hint: hint, post_logout_redirect_uri: BACK })}&state=1&state=2`)
    expect([twice.status, twice.location, await isOpen()]).toEqual([400, undefined, true])
  })

  test('R11 what is sent stands on the page as text', async () => {
    const { browser } = await signedIn()
    const page = await browser.get(query({ client_id: application.clientId, state: '"><script>alert(1)</script>' }))
    expect(page.html).not.toContain('<script>')
    expect(page.html).toContain('&lt;script')
  })

  test('R3 addresses to return to are checked like redirect_uris when they are registered', async () => {
    for (const uri of [
      'javascript:alert(1)',
      'http://shop.test/',
      'https://shop.test/#x',
      'https://*.shop.test/',
      'data:,x',
    ]) {
      const attributes = { name: 'a', kind: 'webapp', post_logout_redirect_uris: [uri] }
      const links = { organization: ['organizations', owner.organizationId] as [string, string] }
      const answer = await owner.post('/api_credentials', resource('api_credentials', attributes, links))
      expect([uri, answer.status]).toEqual([uri, 422])
    }
  })
})

describe('ending many sign-ins', () => {
  /** Sessions of somebody, every one of them with a family. */
  async function manySessions(userId: string, count: number): Promise<string[]> {
    const [now, expires_at] = [new Date(), new Date(Date.now() + 1e6)]
    const ids = Array.from({ length: count }, () => newId())
    const session = {
      user_id: userId,
      amr: '["pwd"]',
      authenticated_at: now,
      last_seen_at: now,
      created_at: now,
      expires_at,
    }
    const family = { organization_id: owner.organizationId, client_id: 'c', user_id: userId, scope: '' }
    const times = { created_at: now, last_used_at: now, expires_at }
    await service.db.knex.batchInsert(
      'sessions',
      ids.map((id) => ({ ...session, id, token_hash: id })),
      500,
    )
    const families = ids.map((session_id) => ({ ...family, ...times, id: newId(), session_id }))
    await service.db.knex.batchInsert('refresh_families', families, 500)
    return ids
  }
  const told = (ids: readonly string[]) =>
    service.db.knex('revocations').whereIn(
      'topic',
      ids.map((id) => `session:${id}`),
    )

  test('thousands take as many statements as one; codes are burnt before families end', async () => {
    const { userId } = await aMember(service, owner, owner.roles['Read-only'] as string)
    const ids = await manySessions(userId, 2000)
    const statements: string[] = []
    const note = ({ sql }: { sql: string }) => statements.push(sql)
    service.db.knex.on('query', note)
    await service.parts.sessions.endAll(userId, { now: new Date() })
    service.db.knex.removeListener('query', note)
    const of = (table: string) => statements.findIndex((sql) => sql.includes(`update "${table}"`))
    expect(of('authorization_codes')).toBeGreaterThan(-1)
    expect(of('refresh_families')).toBeGreaterThan(of('authorization_codes'))
    // With the polls of the service meanwhile.
    expect(statements.length).toBeLessThan(60)
    const rows = await told(ids)
    expect(rows).toHaveLength(2000)
    expect(rows.every((row) => String(row.not_before) === String(row.expires_at))).toBe(true)
    const open = await service.db.knex('refresh_families').where({ user_id: userId }).whereNull('ended_at')
    expect(open).toEqual([])
  })

  test('a sign-in from which no application got a token leaves no row when it ends', async () => {
    const { session, isOpen } = await signedIn()
    await service.parts.sessions.end(session, new Date())
    expect([await isOpen(), await told([session.id])]).toEqual([false, []])
  })

  test('of more than a hundred open ones the oldest ends, with what hangs on it', async () => {
    const { userId } = await aMember(service, owner, owner.roles['Read-only'] as string)
    const ids = await manySessions(userId, 100)
    const [oldest = ''] = ids
    await service.db
      .knex('sessions')
      .where({ id: oldest })
      .update({ created_at: new Date(Date.now() - 60_000) })
    await aBrowser(service).signIn(userId)
    const open = await service.db.knex('sessions').where({ user_id: userId }).whereNull('ended_at')
    expect([open.length, open.some(({ id }) => id === oldest)]).toEqual([100, false])
    expect(await told(ids)).toEqual([expect.objectContaining({ topic: `session:${oldest}` })])
  })
})
