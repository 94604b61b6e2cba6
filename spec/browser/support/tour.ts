import type { BrowserContext, Page } from 'playwright-core'
import { aPerson, call, change, resource } from '../../support/api.js'
import {
  aShop,
  type Caller,
  type Clock,
  callerOf,
  fill,
  homeOf,
  invite,
  PASSWORD,
  phoneCode,
  press,
  type Shop,
  textOf,
} from './story.js'
import { enter, type World } from './world.js'

/** One page of ours as it is to be looked at; it stays as it is until the next is asked for. */
export interface Station {
  readonly name: string
  readonly page: Page
}

type Stations = AsyncGenerator<Station, void>

interface Cast {
  readonly world: World
  readonly clock: Clock
  /** A browser of somebody new. */
  readonly someone: () => Promise<BrowserContext>
  /** Addresses of the two people of the tour. */
  readonly owner: string
  readonly colleague: string
}

/** Opens addresses one after the other. */
async function* opened(page: Page, addresses: Readonly<Record<string, string>>): Stations {
  for (const [name, address] of Object.entries(addresses)) {
    await page.goto(address)
    yield { name, page }
  }
}

/** What everybody can see. */
async function* strangers({ someone, owner }: Cast): Stations {
  const page = await (await someone()).newPage()
  const request = '/oauth/authorize?client_id=unknown&response_type=code'
  yield* opened(page, { first: '/', 'not-found': '/nowhere', 'bad-request': request, 'sign-in': '/login' })
  await fill(page, { 'E-mail address': owner, Password: 'not the right one' })
  await press(page, 'Sign in')
  yield { name: 'sign-in-refused', page }
  const links = {
    'invitation-gone': '/invitations/none',
    'reset-gone': '/reset_password/none',
    forgotten: '/forgotten_password',
  }
  yield* opened(page, links)
  await fill(page, { 'E-mail address': owner })
  await press(page, 'Send the mail')
  yield { name: 'forgotten-sent', page }
}

/** From nothing to an account. */
async function* signingUp({ world, owner }: Cast, page: Page): Stations {
  yield* opened(page, { 'sign-up': '/sign_up' })
  await fill(page, { 'E-mail address': owner })
  await press(page, 'Send the mail')
  yield { name: 'sign-up-sent', page }
  await page.goto(await world.mailedLink(owner))
  const fields = { 'First name': 'Ada', 'Last name': 'Byron', 'Name of your organization': 'The Blue Brand' }
  await fill(page, { ...fields, Password: 'password1' })
  await press(page, 'Create the account')
  yield { name: 'sign-up-finish', page }
  await fill(page, { Password: PASSWORD })
  await press(page, 'Create the account')
  await page.getByRole('heading', { name: 'Hello, Ada Byron' }).waitFor()
}

/** The pages of an account that has just begun. */
async function* account({ world, someone, owner }: Cast, page: Page): Stations {
  const user = await world.service.db.knex('users').where({ email: owner }).first()
  await enter(world, await someone(), user.id)
  yield* opened(page, {
    account: '/account',
    profile: '/account/profile?done=saved',
    devices: '/account/devices',
    'apps-none': '/account/apps',
    'two-factor': '/account/two_factor',
    password: '/account/password',
  })
  await fill(page, { 'Present password': 'not the right one', 'New password': 'a brand new password' })
  await press(page, 'Change the password')
  yield { name: 'password-refused', page }
  await page.goto('/account/profile')
  await fill(page, { 'New address': 'countess@example.com' })
  await press(page, 'Change the address')
  yield { name: 'address-waiting', page }
  yield* opened(page, { 'verify-email': await world.mailedLink('countess@example.com'), mails: '/dev/mail' })
  yield* opened(page, { 'sign-out': '/logout' })
}

/** Somebody else who is invited, and gets a second factor. */
async function* invited({ world, clock, colleague }: Cast, page: Page): Stations {
  yield* opened(page, { invitation: await world.mailedLink(colleague) })
  await fill(page, { 'First name': 'Grace', 'Last name': 'Hopper', Password: PASSWORD })
  await press(page, 'Create my account and join')
  await page.goto('/account/two_factor')
  const key = (await textOf(page.locator('.secret'))).replaceAll(/\s/g, '')
  await fill(page, { Code: phoneCode(clock, key) })
  await press(page, 'Turn it on')
  yield { name: 'recovery-codes', page }
  yield* opened(page, { 'two-factor-on': '/account/two_factor' })
  await press(page, 'Sign out')
  await fill(page, { 'E-mail address': colleague, Password: PASSWORD })
  await press(page, 'Sign in')
  yield { name: 'second-factor', page }
  await fill(page, { Code: phoneCode(clock, key) })
  await press(page, 'Go on')
  await page.getByRole('heading', { name: 'Hello, Grace Hopper' }).waitFor()
}

/** An application asks, and is withdrawn. */
async function* application({ world, someone }: Cast, page: Page, shop: Shop): Stations {
  const outsider = await someone()
  await enter(world, outsider, (await aPerson(world.service)).userId)
  yield* opened(await outsider.newPage(), { 'no-seat': shop.begin(world).address })
  yield* opened(page, { consent: shop.begin(world).address })
  await press(page, 'Allow')
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
  yield* opened(page, { apps: '/account/apps' })
}

/** What the console and the command line ask; the person has two organizations. */
async function* console({ world }: Cast, page: Page): Stations {
  const address = new URLSearchParams({
    response_type: 'code',
    client_id: 'gatehouse-dashboard',
    redirect_uri: 'http://127.0.0.1:1/callback',
    scope: 'market:all',
    state: 'a state',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  })
  yield* opened(page, { 'organization-choice': `/oauth/authorize?${address}`, device: '/device' })
  const asked = await call(world.service, '/oauth/device_authorization', {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'gatehouse-dashboard', scope: 'provisioning-api' }),
  })
  await fill(page, { Code: asked.body.user_code })
  await press(page, 'Continue')
  yield { name: 'device-consent', page }
  await press(page, 'Allow')
  yield { name: 'device-done', page }
}

async function prepare(caller: Caller, colleague: string): Promise<Shop> {
  const { id } = await homeOf(caller)
  await caller.patch(`/organizations/${id}`, change('organizations', id, { primary_color: '#1f5fbf' }))
  await caller.post('/organizations', resource('organizations', { name: 'The Red Brand' }))
  await invite(caller, { email: colleague, role: 'Admin' })
  return aShop(caller)
}

/** Shows every page that people can see, each in a state that shows much of it. */
export async function* tour(cast: Cast): Stations {
  const { world, someone, colleague } = cast
  yield* strangers(cast)
  const page = await (await someone()).newPage()
  yield* signingUp(cast, page)
  yield* account(cast, page)
  const caller = await callerOf(world, page)
  yield { name: 'credential', page }
  const shop = await prepare(caller, colleague)
  try {
    const other = await (await someone()).newPage()
    yield* invited(cast, other)
    yield* application(cast, other, shop)
    yield* console(cast, page)
    await other.goto('/forgotten_password')
    await fill(other, { 'E-mail address': colleague })
    await press(other, 'Send the mail')
    yield* opened(other, { 'reset-password': await world.mailedLink(colleague) })
  } finally {
    await shop.stop()
  }
}
