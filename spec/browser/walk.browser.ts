import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { BrowserContext, Page } from 'playwright-core'
import { api, call } from '../support/api.js'
import {
  anAddress,
  aShop,
  type Caller,
  callerOf,
  createClock,
  fill,
  invite,
  PASSWORD,
  phoneCode,
  press,
  type Shop,
  signUp,
  textOf,
} from './support/story.js'
import { startWorld, type World } from './support/world.js'

const OWNER = anAddress('ada')
const COLLEAGUE = anAddress('grace')

const clock = createClock()
let world: World
let shop: Shop
let owner: Caller
/** The colleague's browser, and the key in their phone. */
let context: BrowserContext
let page: Page
let key = ''
let tokens: { access_token: string; refresh_token: string }

beforeAll(async () => {
  world = await startWorld({ clock: clock.now })
})
afterAll(async () => {
  await shop?.stop()
  await world?.stop()
})

/** What the shop asks the token endpoint. */
const ask = (fields: Record<string, string>) =>
  call(world.service, '/oauth/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: shop.clientId, client_secret: shop.clientSecret, ...fields }),
  })

test('somebody signs up with an organization, proves the mailbox, makes an application and invites a colleague', async () => {
  const own = await signUp(world, await world.person(), OWNER)
  expect(await own.getByText('The Blue Brand').count()).toBe(1)
  owner = await callerOf(world, own)
  shop = await aShop(owner)
  await invite(owner, { email: COLLEAGUE, role: 'Admin' })
})

test('the colleague, who has no account, accepts by the mail and sets up a second factor', async () => {
  context = await world.person()
  page = await context.newPage()
  await page.goto(await world.mailedLink(COLLEAGUE))
  await page.getByRole('heading', { name: 'Join The Blue Brand' }).waitFor()
  await fill(page, { 'First name': 'Grace', 'Last name': 'Hopper', Password: PASSWORD })
  await press(page, 'Create my account and join')
  await page.getByRole('heading', { name: 'Hello, Grace Hopper' }).waitFor()
  expect(await page.getByText('The Blue Brand').count()).toBe(1)
  await page.getByRole('link', { name: 'Two-factor sign-in' }).first().click()
  key = (await textOf(page.locator('.secret'))).replaceAll(/\s/g, '')
  await fill(page, { Code: phoneCode(clock, key) })
  await press(page, 'Turn it on')
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  expect(await page.locator('.codes li').count()).toBe(10)
  await press(page, 'Sign out')
  await page.waitForURL('**/login')
})

test('the application sends them to sign in, with the second factor, and to agree; it gets a token that is theirs', async () => {
  const { address, verifier, state } = shop.begin(world)
  await page.goto(address)
  await fill(page, { 'E-mail address': COLLEAGUE, Password: PASSWORD })
  await press(page, 'Sign in')
  await fill(page, { Code: phoneCode(clock, key) })
  await press(page, 'Go on')
  await page.getByRole('heading', { name: 'Blue Back Office wants to act for you' }).waitFor()
  expect(await textOf(page.locator('header .brand > span'))).toBe('The Blue Brand')
  await press(page, 'Allow')
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
  expect(shop.returned().get('state')).toBe(state)
  const code = shop.returned().get('code') ?? ''
  const { redirectUri: redirect_uri } = shop
  const got = await ask({ grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier })
  expect(got.status).toBe(200)
  tokens = got.body
  const asGrace = api(world.service, tokens.access_token)
  const seats = await asGrace.get('/memberships')
  expect(seats.body.data).toHaveLength(2)
  const info = await call(world.service, '/oauth/tokeninfo', {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  expect(JSON.stringify(info.body)).toContain('webapp')
})

test('what they withdraw is refused at once, and a refresh as well', async () => {
  await page.goto('/account/apps')
  await page.getByRole('heading', { name: 'Blue Back Office' }).waitFor()
  await press(page, 'Withdraw')
  await page.getByText('acts in your name no more').waitFor()
  expect(await page.getByRole('heading', { name: 'Blue Back Office' }).count()).toBe(0)
  expect((await api(world.service, tokens.access_token).get('/memberships')).status).toBe(401)
  const again = await ask({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
  expect([again.status, again.body.error]).toEqual([400, 'invalid_grant'])
  // The owner's own credential is another matter.
  expect((await owner.get('/organizations')).status).toBe(200)
})
