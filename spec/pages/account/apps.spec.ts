import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aMember, anOwner, api, call, type Owner } from '../../support/api.js'
import { aChallenge, allow, aRequest, aWebapp } from '../../support/authorize.js'
import { aBrowser, type Browser } from '../../support/browser.js'
import { type Service, startService } from '../../support/service.js'

const PAGE = '/account/apps'
const LOOPBACK = 'http://127.0.0.1:4321/callback'

let service: Service
let owner: Owner

beforeAll(async () => {
  service = await startService()
  owner = await anOwner(service)
})
afterAll(() => service.stop())

type App = { clientId: string; clientSecret?: string }

/** What an application asks the token endpoint. */
const ask = ({ clientId, clientSecret }: App, fields: Record<string, string>) =>
  call(service, '/oauth/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: clientId, client_secret: clientSecret, ...fields }),
  })

/** The person lets an application in; it has a code. */
async function letIn(browser: Browser, app: App, over: Record<string, string> = {}) {
  const { verifier, challenge } = aChallenge()
  const request = aRequest(app.clientId, { code_challenge: challenge, ...over })
  const { code = '' } = await allow(browser, request)
  return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: String(request.redirect_uri) }
}

async function tokensOf(browser: Browser, app: App, over: Record<string, string> = {}) {
  const reply = await ask(app, await letIn(browser, app, over))
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body))
  const { access_token, refresh_token } = reply.body
  return { calls: async () => (await api(service, access_token).get('/user')).status, refresh_token }
}

async function somebody() {
  const person = await aMember(service, owner, owner.roles.Admin ?? '')
  const browser = aBrowser(service)
  await browser.signIn(person.userId)
  return { person, browser }
}

async function withdraw(browser: Browser, clientId: string, over: Record<string, string> = {}) {
  const page = await browser.get(PAGE)
  const form = page.forms.findIndex(({ controls }) => controls.some(({ value }) => value === clientId))
  return browser.submit(page, over, { form })
}

test('T9 what is withdrawn is over at once: access, refresh, codes and consent; another app and another person go on', async () => {
  const [app, other] = [
    await aWebapp(service, owner, { name: 'Stock' }),
    await aWebapp(service, owner, { name: 'Books' }),
  ]
  const [one, two] = [await somebody(), await somebody()]
  const [mine, second, theirs] = [
    await tokensOf(one.browser, app),
    await tokensOf(one.browser, other),
    await tokensOf(two.browser, app),
  ]
  const waiting = await letIn(one.browser, app)
  expect((await one.browser.get(PAGE)).text).toMatch(/Books.*Stock/)
  expect((await withdraw(one.browser, app.clientId)).location).toBe(`${PAGE}?done=withdrawn`)
  expect([await mine.calls(), await second.calls(), await theirs.calls()]).toEqual([401, 200, 200])
  const refused = await ask(app, { grant_type: 'refresh_token', refresh_token: mine.refresh_token })
  expect([refused.status, refused.body.error]).toEqual([400, 'invalid_grant'])
  expect((await ask(app, waiting)).body.error).toBe('invalid_grant')
  const page = await one.browser.get(PAGE)
  expect([page.text.includes('Stock'), page.text.includes('Books')]).toEqual([false, true])
  expect(await service.db.knex('consents').where({ user_id: one.person.userId, client_id: app.clientId })).toEqual([])
  const silent = await one.browser.get(
    `/oauth/authorize?${new URLSearchParams(aRequest(app.clientId, { prompt: 'none' }))}`,
  )
  expect(silent.location).toContain('error=consent_required')
})

test('nobody withdraws what another has let in', async () => {
  const app = await aWebapp(service, owner)
  const [one, two] = [await somebody(), await somebody()]
  const theirs = await tokensOf(two.browser, app)
  const own = await aWebapp(service, owner)
  await tokensOf(one.browser, own)
  await withdraw(one.browser, own.clientId, { client_id: app.clientId })
  expect(await theirs.calls()).toBe(200)
  expect((await two.browser.get(PAGE)).forms).toHaveLength(2)
})

test('the console, which acts in all organizations, is listed and withdrawn too', async () => {
  const { browser } = await somebody()
  const console = { clientId: 'gatehouse-dashboard' }
  const tokens = await tokensOf(browser, console, { redirect_uri: LOOPBACK })
  expect((await browser.get(PAGE)).text).toContain('In all of your organizations')
  await withdraw(browser, console.clientId)
  expect(await tokens.calls()).toBe(401)
  expect((await browser.get(PAGE)).text).toContain('No app acts in your name')
})
