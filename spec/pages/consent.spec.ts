import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { aMember, anOwner, change, type Owner } from '../support/api.js'
import { answerOf, aRequest, authorizePath, aWebapp, begin, CALLBACK } from '../support/authorize.js'
import { aBrowser, type Browser, type Page } from '../support/browser.js'
import { type Service, startService } from '../support/service.js'

const HTML = '"><script>alert(1)</script><img src=x onerror=alert(1)>'

let service: Service
let owner: Owner
let browser: Browser

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service, 'Acme')
  browser = aBrowser(service)
  await browser.signIn(owner.userId)
})
afterAll(() => service.stop())

const ask = async (attributes: Record<string, unknown> = {}, over: Record<string, string> = {}): Promise<Page> => {
  const { clientId } = await aWebapp(service, owner, attributes)
  return begin(browser, aRequest(clientId, { prompt: 'consent', ...over }))
}

const policyOf = ({ headers }: Page) =>
  new Map(
    (headers.get('content-security-policy') ?? '').split('; ').map((one) => {
      const [name = '', ...sources] = one.split(' ')
      return [name, sources] as const
    }),
  )

const brand = (attributes: Record<string, unknown>) =>
  owner.patch(`/organizations/${owner.organizationId}`, change('organizations', owner.organizationId, attributes))

describe('the consent page', () => {
  test('says who asks, for what, where, who made it, where it returns to, and who is signed in', async () => {
    const page = await ask({ name: 'Stock keeper' }, { scope: 'roles:read market:code:usa email' })
    const shown = [
      'Stock keeper wants to act for you',
      'In Acme it asks to:',
      'See roles in Acme',
      'the market usa',
      'See your e-mail address',
      'Made by Ada Byron',
      'Returns to app.example.com',
      `Signed in as ${owner.email}`,
    ]
    for (const text of shown) expect(page.text).toContain(text)
    const buttons = page.forms[0]?.controls.filter(({ type }) => type === 'submit').map(({ value }) => value)
    expect(buttons).toEqual(['allow', 'cancel'])
  })

  test('names a resource server besides ours', async () => {
    const page = await ask({}, { resource: service.config.issuer })
    expect(page.text).toContain(`Also for ${service.config.issuer}`)
  })

  test('does not name a maker who has left', async () => {
    const admin = await aMember(service, owner, owner.roles.Admin ?? '')
    await admin.patch('/user', change('user', admin.userId, { first_name: 'Grace', last_name: 'Hopper' }))
    const made = await aWebapp(service, { ...owner, post: admin.post })
    const request = aRequest(made.clientId, { prompt: 'consent' })
    expect((await begin(browser, request)).text).toContain('Made by')
    await owner.delete(`/memberships/${admin.membershipId}`)
    expect((await begin(browser, request)).text).not.toContain('Made by')
  })

  test('R11 escapes whatever people and applications have written', async () => {
    await brand({ name: `Acme ${HTML}` })
    const page = await ask({ name: `App ${HTML}` }, { state: HTML, nonce: HTML, login_hint: HTML })
    expect(page.text).toContain(`App ${HTML}`)
    expect(page.html).not.toMatch(/<script|<img/i)
    await brand({ name: 'Acme' })
  })

  test('R11 neither on pages for requests that cannot go on', async () => {
    const wrong = await browser.get(authorizePath({ client_id: HTML, redirect_uri: HTML, scope: HTML, state: HTML }))
    const sealed = await browser.get(`/oauth/continue?request=${encodeURIComponent(HTML)}`)
    const device = await browser.get(`/device?user_code=${encodeURIComponent(HTML)}`)
    const typed = await browser.submit(await browser.get('/device'), { user_code: HTML })
    for (const page of [wrong, sealed, device, typed]) {
      expect(page.status).toBeLessThan(500)
      expect(page.html).not.toMatch(/<script|<img|onerror=alert\(1\)>/i)
    }
  })

  test('R11 nor in what the application is told', async () => {
    const { clientId } = await aWebapp(service, owner)
    const page = await browser.get(authorizePath(aRequest(clientId, { scope: HTML, prompt: HTML, max_age: HTML })))
    expect(answerOf(page).error_description).not.toMatch(/[<>]|script/)
  })

  test('R8, 6749-27, 9700-10 cannot be framed, runs nothing, loads nothing foreign, sends no referrer, is not kept', async () => {
    const page = await ask()
    const policy = policyOf(page)
    expect(policy.get('default-src')).toEqual(["'none'"])
    expect(policy.get('frame-ancestors')).toEqual(["'none'"])
    expect(policy.get('base-uri')).toEqual(["'none'"])
    expect([policy.has('script-src'), policy.get('style-src')]).toEqual([false, ["'self'"]])
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.html).not.toMatch(/(?:src|href)="(?!\/)[^"]/)
    expect(page.html).not.toMatch(/ style="| on[a-z]+="/)
  })

  test('9700-10 the redirect with the code says no-referrer and no-store too', async () => {
    const page = await browser.submit(await ask(), {}, { press: 'allow' })
    expect(answerOf(page).code).toBeDefined()
    expect([page.headers.get('referrer-policy'), page.headers.get('cache-control')]).toEqual([
      'no-referrer',
      'no-store',
    ])
  })

  test.each([
    [CALLBACK, 'https://app.example.com'],
    ['http://127.0.0.1:5173/cb', 'http://127.0.0.1:5173'],
    ['http://localhost:5173/cb', 'http://localhost:5173'],
    ['http://[::1]:5173/cb', 'http:'],
  ])('its form may lead to the application: %s', async (redirect_uri, origin) => {
    const page = await ask({ redirect_uri }, { redirect_uri })
    expect(policyOf(page).get('form-action')).toEqual(["'self'", origin])
  })

  test('a browser that a form of ours sent goes on by a page, which no form-action holds back', async () => {
    const { clientId } = await aWebapp(service, owner)
    const request = aRequest(clientId, { state: 'a "state" & more' })
    await browser.submit(await begin(browser, request), {}, { press: 'allow' })
    const stranger = aBrowser(service)
    const { location } = await stranger.get(authorizePath(request))
    const to = new URL(location ?? '', 'http://here').searchParams.get('return_to') ?? ''
    await stranger.signIn(owner.userId)
    const page = await stranger.get(to, { 'sec-fetch-site': 'same-origin' })
    expect([page.status, page.location]).toEqual([200, undefined])
    const [, target = ''] = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(page.html) ?? []
    const address = new URL(target.replaceAll('&amp;', '&'))
    expect(`${address.origin}${address.pathname}`).toBe(CALLBACK)
    expect(address.searchParams.get('state')).toBe('a "state" & more')
    expect(address.searchParams.get('code')).toMatch(/^gh_code_/)
    expect((await stranger.get(to, { 'sec-fetch-site': 'cross-site' })).status).toBe(303)
  })

  describe('shows the organization', () => {
    test('its logo from where it is, and its colour, without a style', async () => {
      await brand({ logo_url: 'https://cdn.example.com/logo.png', primary_color: '#a1b2c3' })
      const page = await ask()
      expect(page.html).toContain('src="https://cdn.example.com/logo.png"')
      expect(policyOf(page).get('img-src')).toEqual(["'self'", 'data:', 'https://cdn.example.com'])
      expect(page.html).toContain('fill="#a1b2c3"')
      expect(page.html).not.toContain('style=')
    })

    test.each([
      [{ primary_color: 'red;x:url(https://evil.test)' }, 'evil.test'],
      [{ primary_color: '"><script>' }, '<script'],
      [{ logo_url: 'http://cdn.example.com/logo.png' }, 'http://cdn'],
    ])('but nothing that is no plain colour or https address: %p', async (attributes, never) => {
      await service.db.knex('organizations').where({ id: owner.organizationId }).update(attributes)
      const page = await ask()
      expect(page.html + page.headers.get('content-security-policy')).not.toContain(never)
    })
  })
})
