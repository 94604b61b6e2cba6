import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { aMember, anApplication, anOwner, aPerson, call, type Owner } from '../support/api.js'
import { aWebapp } from '../support/authorize.js'
import { aBrowser, type Browser } from '../support/browser.js'
import { basic } from '../support/oauth-service.js'
import { type Service, startService } from '../support/service.js'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const DASHBOARD = { client_id: 'gatehouse-dashboard' }

let service: Service
let owner: Owner
let tv: { client_id: string; client_secret: string }
let time = 0

beforeAll(async () => {
  service = await startService({ clock: () => new Date(Date.now() + time) })
  owner = await anOwner(service, 'Acme')
  const { clientId, clientSecret } = await aWebapp(service, owner, { name: 'Tele', redirect_uri: null })
  tv = { client_id: clientId, client_secret: clientSecret }
})
afterAll(() => service.stop())

const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  call(service, path, { method: 'POST', body: new URLSearchParams(form), headers })

const start = (form: Record<string, string> = tv) => post('/oauth/device_authorization', form)

/** Asks for the tokens, after the interval. */
async function poll(device_code: string, client: Record<string, string> = tv, seconds = 6) {
  time += seconds * 1000
  // The answer's shape is the token endpoint's business.
  const body = new URLSearchParams({ ...client, grant_type: GRANT, device_code })
  const answer = await fetch(`${service.url}/oauth/token`, { method: 'POST', body })
  // biome-ignore lint/suspicious/noExplicitAny: a spec looks at whatever came
  return { status: answer.status, body: (await answer.json()) as any }
}

async function browserOf(userId: string): Promise<Browser> {
  const browser = aBrowser(service)
  await browser.signIn(userId)
  return browser
}

/** Types a code; the page that follows. */
async function typed(browser: Browser, user_code: string) {
  return browser.submit(await browser.get('/device'), { user_code })
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('RFC 8628 devices', () => {
  test('8628-01 get a code for themselves and one for their person, not to be kept', async () => {
    const { status, body, headers } = await start()
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(Object.keys(body)).toEqual([
      'device_code',
      'user_code',
      'verification_uri',
      'verification_uri_complete',
      'expires_in',
      'interval',
    ])
    expect(body.verification_uri).toBe(`${service.config.pagesUrl}/device`)
    expect(body.verification_uri_complete).toBe(`${service.config.pagesUrl}/device?user_code=${body.user_code}`)
    expect([body.expires_in, body.interval]).toEqual([900, 5])
  })

  test('8628-03 the person’s code has 34 bits in letters that cannot be confused; only hashes are kept', async () => {
    const codes = await Promise.all(Array.from({ length: 20 }, () => start()))
    for (const { body } of codes)
      expect(body.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(new Set(codes.map(({ body }) => body.user_code)).size).toBe(20)
    const rows = JSON.stringify(await service.db.knex('device_codes').select('*'))
    expect(rows).not.toContain(codes[0]?.body.device_code)
    expect(rows).not.toContain(codes[0]?.body.user_code.replace('-', ''))
  })

  test('somebody lets one in: it gets tokens of that person in that organization, once', async () => {
    const { body } = await start({ ...tv, scope: 'roles:read' })
    expect((await poll(body.device_code)).body.error).toBe('authorization_pending')
    const browser = await browserOf(owner.userId)
    const page = await typed(browser, body.user_code)
    const done = await browser.submit(page, {}, { press: 'allow' })
    expect([done.status, done.text]).toEqual([200, expect.stringContaining('The device is in')])
    const token = await poll(body.device_code)
    expect([token.status, token.body.scope, token.body.owner_id]).toEqual([200, 'roles:read', owner.userId])
    expect(token.body.refresh_token.split('.')).toHaveLength(3)
    const claims = claimsOf(token.body.access_token)
    expect([claims.organization.id, claims.application.kind]).toEqual([owner.organizationId, 'webapp'])
    expect((await poll(body.device_code)).body.error).toBe('invalid_grant')
    // The person's code is used up too.
    expect((await typed(browser, body.user_code)).status).toBe(400)
  })

  test('8628-02 asking too fast is slow_down, and five seconds more from then on', async () => {
    const { body } = await start()
    expect((await poll(body.device_code, tv, 0)).body.error).toBe('authorization_pending')
    expect((await poll(body.device_code, tv, 3)).body.error).toBe('slow_down')
    expect((await poll(body.device_code, tv, 8)).body.error).toBe('slow_down')
    expect((await poll(body.device_code, tv, 16)).body.error).toBe('authorization_pending')
    const { body: eager } = await start()
    const answers = await Promise.all([1, 2, 3].map(() => poll(eager.device_code, tv, 0)))
    expect(answers.map((one) => one.body.error).sort()).toEqual(['authorization_pending', 'slow_down', 'slow_down'])
  })

  test('8628-02 refused is access_denied, old is expired_token', async () => {
    const { body } = await start()
    const browser = await browserOf(owner.userId)
    const refused = await browser.submit(await typed(browser, body.user_code), {}, { press: 'deny' })
    expect(refused.text).toContain('Refused')
    expect((await poll(body.device_code)).body.error).toBe('access_denied')
    const { body: old } = await start()
    const page = await typed(browser, old.user_code)
    expect((await poll(old.device_code, tv, 901)).body.error).toBe('expired_token')
    await browser.signIn(owner.userId)
    expect((await typed(browser, old.user_code)).status).toBe(400)
    expect((await browser.submit(page, {}, { press: 'allow' })).status).not.toBe(200)
  })

  test('8628-03 case, dashes and spaces do not matter; a wrong code is told so', async () => {
    const browser = await browserOf(owner.userId)
    const { body } = await start()
    const plain = body.user_code.replace('-', '').toLowerCase()
    for (const one of [plain, ` ${plain.slice(0, 3)} ${plain.slice(3)} `, body.user_code])
      expect((await typed(browser, one)).text).toContain('Let Tele in on a device?')
    const wrong = await typed(browser, 'BBBB-BBBB')
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('No device waits with this code')])
  })

  test('8628-04 the page shows client, organization, rights and code, and asks even when the code was in the address', async () => {
    const { body } = await start({ ...tv, scope: 'roles:read market:code:usa' })
    const browser = await browserOf(owner.userId)
    const { pathname, search } = new URL(body.verification_uri_complete)
    const entry = await browser.get(`${pathname}${search}`)
    expect(entry.forms[0]?.controls.find(({ name }) => name === 'user_code')?.value).toBe(body.user_code)
    expect((await poll(body.device_code)).body.error).toBe('authorization_pending')
    const page = await browser.submit(entry)
    for (const shown of ['Tele', 'Acme', 'See roles in Acme', 'market usa', body.user_code, 'in front of you'])
      expect(page.text).toContain(shown)
    expect((await poll(body.device_code)).body.error).toBe('authorization_pending')
    const decisions = page.forms[0]?.controls.filter(({ name }) => name === 'decision').map(({ value }) => value)
    expect(decisions).toEqual(['allow', 'deny'])
  })

  test('whoever is not signed in signs in first, and comes back to the code', async () => {
    const page = await aBrowser(service).get('/device?user_code=BCDF-GHJK')
    const url = new URL(page.location ?? '', 'http://here')
    expect([url.pathname, url.searchParams.get('return_to')]).toEqual(['/login', '/device?user_code=BCDF-GHJK'])
  })

  test('8628-05 the code is bound to its client, which authenticates on both calls', async () => {
    const { client_secret: _, ...bare } = tv
    expect((await start(bare)).status).toBe(401)
    expect((await start({ ...bare, client_secret: 'wrong' })).body.error).toBe('invalid_client')
    const header = basic(tv.client_id, tv.client_secret)
    expect((await post('/oauth/device_authorization', {}, header)).status).toBe(200)
    const { body } = await start()
    const browser = await browserOf(owner.userId)
    await browser.submit(await typed(browser, body.user_code), {}, { press: 'allow' })
    expect((await poll(body.device_code, bare)).status).toBe(401)
    expect((await poll(body.device_code, DASHBOARD)).body.error).toBe('invalid_grant')
    const other = await aWebapp(service, owner)
    const others = { client_id: other.clientId, client_secret: other.clientSecret }
    expect((await poll(body.device_code, others)).body.error).toBe('invalid_grant')
    expect((await poll(body.device_code)).status).toBe(200)
  })

  test('applications that act for themselves have no devices', async () => {
    const one = await anApplication(service, owner, 'integration', { roleId: owner.roles.Admin ?? '' })
    const answer = await start({ client_id: one.clientId, client_secret: one.clientSecret })
    expect(answer.body.error).toBe('unauthorized_client')
    const channel = await anApplication(service, owner, 'sales_channel')
    expect((await start({ client_id: channel.clientId })).body.error).toBe('unauthorized_client')
    expect((await start({ ...tv, scope: 'nonsense' })).body.error).toBe('invalid_scope')
  })

  describe('9700-08 resource', () => {
    const core = () => `https://${owner.organization.attributes.slug}.${service.config.domain}/api`

    test('the person sees for what the tokens also are; only that may be asked for with the code', async () => {
      const { body } = await start({ ...tv, resource: core() })
      const browser = await browserOf(owner.userId)
      const page = await typed(browser, body.user_code)
      expect(page.text).toContain(core())
      await browser.submit(page, {}, { press: 'allow' })
      for (const resource of ['https://evil.test/api', service.config.issuer, service.config.apiUrl])
        expect((await poll(body.device_code, { ...tv, resource })).body.error).toBe('invalid_target')
      const token = await poll(body.device_code, { ...tv, resource: core() })
      expect(claimsOf(token.body.access_token).aud).toEqual([service.config.apiUrl, core()])
      const { refresh_token } = token.body
      const next = await post('/oauth/token', { ...tv, grant_type: 'refresh_token', refresh_token })
      expect(claimsOf(String(next.body.access_token)).aud).toEqual([service.config.apiUrl, core()])
    })

    test('it may be left out, and our own API may be named both times', async () => {
      const browser = await browserOf(owner.userId)
      const { apiUrl } = service.config
      const asked = [
        [{ resource: core() }, {}, [apiUrl, core()]],
        [{ resource: apiUrl }, { resource: apiUrl }, [apiUrl]],
        [{}, { resource: apiUrl }, [apiUrl]],
      ] as const
      for (const [first, second, audience] of asked) {
        const { body } = await start({ ...tv, ...first })
        await browser.submit(await typed(browser, body.user_code), {}, { press: 'allow' })
        const token = await poll(body.device_code, { ...tv, ...second })
        expect(claimsOf(token.body.access_token).aud).toEqual(audience)
      }
    })

    test.each(['https://evil.test/api', 'not a uri', 'https://other.gatehouse.test/api'])(
      '%s is invalid_target before there is a code, and later',
      async (resource) => {
        expect((await start({ ...tv, resource })).body.error).toBe('invalid_target')
        expect((await start({ ...DASHBOARD, resource })).body.error).toBe('invalid_target')
        const { body } = await start()
        const browser = await browserOf(owner.userId)
        await browser.submit(await typed(browser, body.user_code), {}, { press: 'allow' })
        expect((await poll(body.device_code, { ...tv, resource })).body.error).toBe('invalid_target')
        expect((await poll(body.device_code)).status).toBe(200)
      },
    )
  })

  test.each(['GET', 'DELETE'])('%s is 405', async (method) => {
    expect((await call(service, '/oauth/device_authorization', { method })).status).toBe(405)
  })

  test('whoever has no seat in the organization of the webapp lets nobody in', async () => {
    const { body } = await start()
    const browser = await browserOf((await aPerson(service)).userId)
    const page = await typed(browser, body.user_code)
    expect([page.status, page.text]).toEqual([400, expect.not.stringContaining('Acme')])
    const forced = await browser.submit(page, { decision: 'allow', organization: owner.organizationId })
    expect(forced.status).toBe(400)
    expect((await poll(body.device_code)).body.error).toBe('authorization_pending')
  })

  test('a seat or a session that ends before the device asks gives it nothing', async () => {
    const member = await aMember(service, owner, owner.roles.Member ?? '')
    const browser = await browserOf(member.userId)
    const { body } = await start()
    await browser.submit(await typed(browser, body.user_code), {}, { press: 'allow' })
    await owner.delete(`/memberships/${member.membershipId}`)
    expect((await poll(body.device_code)).body.error).toBe('access_denied')
    const again = await browserOf(owner.userId)
    const { body: other } = await start()
    await again.submit(await typed(again, other.user_code), {}, { press: 'allow' })
    await service.parts.sessions.endAll(owner.userId, { now: service.parts.clock() })
    expect((await poll(other.device_code)).body.error).toBe('access_denied')
  })

  test.each(['deleted', 'disabled'])(
    'T9 an application that is %s lets no device in, waiting or approved',
    async (how) => {
      const app = await aWebapp(service, owner, { redirect_uri: null })
      const client = { client_id: app.clientId, client_secret: app.clientSecret }
      const [waiting, approved] = [(await start(client)).body, (await start(client)).body]
      const browser = await browserOf(owner.userId)
      await browser.submit(await typed(browser, approved.user_code), {}, { press: 'allow' })
      const gone =
        how === 'deleted'
          ? await owner.delete(`/api_credentials/${app.id}`)
          : await owner.patch(`/api_credentials/${app.id}`, {
              data: { type: 'api_credentials', id: app.id, attributes: { _disable: true } },
            })
      expect(gone.status).toBeLessThan(300)
      const page = await typed(browser, waiting.user_code)
      expect([page.status >= 400, page.html.includes('value="allow"')]).toEqual([true, false])
      for (const { device_code } of [waiting, approved]) {
        expect((await poll(device_code, client)).body.error).toBe('invalid_client')
      }
    },
  )

  test.each(['application', 'organization'])(
    'T9 an %s that is switched off and on again lets no device in that began before',
    async (what) => {
      // By the clock that says when something was switched off.
      const plain = await startService({ db: service.db })
      const founder = await anOwner(plain)
      const app = await aWebapp(plain, founder, { redirect_uri: null })
      const client = { client_id: app.clientId, client_secret: app.clientSecret }
      const send = async (path: string, form: Record<string, string> = {}) =>
        (await call(plain, path, { method: 'POST', body: new URLSearchParams({ ...client, ...form }) })).body
      const browser = aBrowser(plain)
      await browser.signIn(founder.userId)
      const letIn = async () => {
        const { device_code, user_code } = await send('/oauth/device_authorization')
        const page = await browser.submit(await browser.get('/device'), { user_code })
        await browser.submit(page, {}, { press: 'allow' })
        return () => send('/oauth/token', { grant_type: GRANT, device_code })
      }
      const [table, id] =
        what === 'application' ? ['api_credentials', app.id] : ['organizations', founder.organizationId]
      const column = what === 'application' ? 'disabled_at' : 'suspended_at'
      const before = await letIn()
      for (const value of [new Date(), null]) await plain.db.knex(table).where({ id }).update(column, value)
      await new Promise((later) => setTimeout(later, 1_100))
      await plain.parts.revocations.refresh()
      const after = await letIn()
      expect([(await before()).error, (await after()).token_type]).toEqual(['invalid_grant', 'bearer'])
      await plain.stop()
    },
  )

  test('two answers at once: one counts', async () => {
    const { body } = await start()
    const browser = await browserOf(owner.userId)
    const page = await typed(browser, body.user_code)
    const answers = await Promise.all([
      browser.submit(page, {}, { press: 'allow' }),
      browser.submit(page, {}, { press: 'deny' }),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
  })

  test('R8 the answer needs the form of this browser', async () => {
    const { body } = await start()
    const browser = await browserOf(owner.userId)
    const fields = { user_code: body.user_code, decision: 'allow' }
    expect((await browser.post('/device', fields)).status).toBe(403)
    expect((await poll(body.device_code)).body.error).toBe('authorization_pending')
  })
})

describe('the command line', () => {
  const approve = async (userId: string, scope: string, organization?: string) => {
    const { body } = await start({ ...DASHBOARD, scope })
    const browser = await browserOf(userId)
    const page = await typed(browser, body.user_code)
    const fields = organization === undefined ? {} : { organization }
    await browser.submit(page, fields, { press: 'allow' })
    return { page, token: await poll(body.device_code, DASHBOARD) }
  }

  test('is asked about, although the console is not; with provisioning-api it acts in all organizations', async () => {
    const { page, token } = await approve(owner.userId, 'provisioning-api')
    expect(page.text).toContain('Let Gatehouse in on a device?')
    expect(page.text).toContain('all your organizations')
    const claims = claimsOf(token.body.access_token)
    expect([claims.user.id, claims.organization, claims.application.kind]).toEqual([
      owner.userId,
      undefined,
      'dashboard',
    ])
  })

  test('in all of them it must have been signed in as newly as each one asks', async () => {
    const strict = await anOwner(service, 'Strict')
    const lax = await anOwner(service, 'Lax')
    const member = await aMember(service, strict, strict.roles.Member ?? '')
    await service.db.knex('memberships').where({ id: member.membershipId }).update({ user_id: lax.userId })
    const limit = (session_max_seconds: number | null) =>
      service.db.knex('organizations').where({ id: strict.organizationId }).update({ session_max_seconds })
    const browser = await browserOf(lax.userId)
    time += 400_000
    const { body } = await start({ ...DASHBOARD, scope: 'provisioning-api' })
    const page = await typed(browser, body.user_code)
    await limit(300)
    const answer = await browser.submit(page, {}, { press: 'allow' })
    expect(answer.location).toMatch(/^\/login\?.*again=1/)
    await limit(null)
    await browser.submit(page, {}, { press: 'allow' })
    expect((await poll(body.device_code, DASHBOARD)).status).toBe(200)
  })

  test('what was agreed to for one organization counts in no other: the page is shown again', async () => {
    const [one, next] = [await anOwner(service, 'One'), await anOwner(service, 'Next')]
    const first = await aMember(service, one, one.roles.Member ?? '')
    const { body } = await start({ ...DASHBOARD, scope: 'market:all' })
    const browser = await browserOf(first.userId)
    const page = await typed(browser, body.user_code)
    expect(page.text).toContain('It will act for you in One')
    const { membershipId } = await aMember(service, next, next.roles.Member ?? '')
    await service.db.knex('memberships').where({ id: membershipId }).update({ user_id: first.userId })
    await one.delete(`/memberships/${first.membershipId}`)
    const asked = await browser.submit(page, {}, { press: 'allow' })
    expect([asked.status, asked.text]).toEqual([200, expect.stringContaining('It will act for you in Next')])
    expect((await poll(body.device_code, DASHBOARD)).body.error).toBe('authorization_pending')
    await browser.submit(asked, {}, { press: 'allow' })
    const { body: token } = await poll(body.device_code, DASHBOARD)
    expect(claimsOf(token.access_token).organization.id).toBe(next.organizationId)
  })

  test('else in the one that is chosen', async () => {
    const other = await anOwner(service, 'Other')
    const member = await aMember(service, other, other.roles.Member ?? '')
    await service.db.knex('memberships').where({ id: member.membershipId }).update({ user_id: owner.userId })
    await service.parts.revocations.refresh()
    const { page, token } = await approve(owner.userId, 'market:all', other.organizationId)
    expect(page.text).toContain('In which organization?')
    expect(claimsOf(token.body.access_token).organization.id).toBe(other.organizationId)
    const foreign = await anOwner(service)
    const { token: none } = await approve(owner.userId, 'market:all', foreign.organizationId)
    expect(none.body.error).toBe('authorization_pending')
  })
})

test('8628-03 codes cannot be guessed: ten wrong ones from an address, and no more for ten minutes', async () => {
  const limited = await startService({ db: service.db, env: { RATE_LIMITS: 'on', RATE_LIMIT_DEVICE_CODE: '3/600' } })
  try {
    const browser = aBrowser(limited)
    await browser.signIn(owner.userId)
    const page = await browser.get('/device')
    // Right ones are not counted.
    for (let turn = 0; turn < 4; turn += 1)
      expect((await browser.submit(page, { user_code: (await start()).body.user_code })).status).toBe(200)
    const attempts: number[] = []
    for (let turn = 0; turn < 5; turn += 1)
      attempts.push((await browser.submit(page, { user_code: `BBBB-BBB${'BCDFG'[turn]}` })).status)
    expect(attempts).toEqual([400, 400, 400, 429, 429])
  } finally {
    await limited.stop()
  }
})
