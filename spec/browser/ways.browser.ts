import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { BrowserContext, Page } from 'playwright-core'
import { hashPassword } from '../../src/crypto/passwords.js'
import { anOwner, type Owner } from '../support/api.js'
import { anAddress, aShop, fill, PASSWORD, press, type Shop } from './support/story.js'
import { startWorld, type World } from './support/world.js'

let world: World
let owner: Owner
let shop: Shop
let context: BrowserContext

beforeAll(async () => {
  world = await startWorld()
  owner = await anOwner(world.service, 'The Blue Brand')
  const password_hash = await hashPassword(PASSWORD, 4)
  await world.service.db.knex('users').where({ id: owner.userId }).update({ password_hash })
  shop = await aShop(owner)
})
afterEach(() => context?.close())
afterAll(async () => {
  await shop?.stop()
  await world?.stop()
})

describe('by keyboard alone', () => {
  /** What has the focus: its role's name for people, and whether they can see that it has. */
  const focus = (page: Page) =>
    page.evaluate(() => {
      const here = document.activeElement as HTMLElement
      const name = here.textContent?.trim() || (here.getAttribute('name') ?? '')
      return { name, seen: getComputedStyle(here).outlineStyle !== 'none' }
    })

  /** Goes on with the tabulator to what has this name, and sees it on the way. */
  async function tabTo(page: Page, wanted: string): Promise<void> {
    for (let stops = 0; stops < 40; stops += 1) {
      const here = await focus(page)
      if (here.name === wanted) {
        expect([wanted, here.seen]).toEqual([wanted, true])
        return
      }
      await page.keyboard.press('Tab')
    }
    throw new Error(`no way to ${wanted}`)
  }

  test('somebody signs in, lets an application in, and withdraws it', async () => {
    context = await world.person()
    const page = await context.newPage()
    await page.goto(shop.begin(world).address)
    await tabTo(page, 'email')
    await page.keyboard.type(owner.email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'wants to act for you' }).waitFor()
    await tabTo(page, 'Cancel')
    await page.keyboard.press('Shift+Tab')
    await tabTo(page, 'Allow')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
    expect(shop.returned().get('code')).not.toBeNull()
    await page.goto('/account')
    await page.keyboard.press('Tab')
    expect((await focus(page)).name).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await page.goto('/account')
    await tabTo(page, 'Apps')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Blue Back Office' }).waitFor()
    await tabTo(page, 'Withdraw Blue Back Office')
    await page.keyboard.press('Space')
    await page.getByText('acts in your name no more').waitFor()
  })
})

describe('without JavaScript', () => {
  test('somebody signs up, signs in, lets an application in and signs out', async () => {
    context = await world.person({ javaScriptEnabled: false })
    const page = await context.newPage()
    const email = anAddress('grace')
    await page.goto('/sign_up')
    await fill(page, { 'E-mail address': email })
    await press(page, 'Send the mail')
    await page.goto(await world.mailedLink(email))
    const fields = { 'First name': 'Grace', 'Last name': 'Hopper', Password: PASSWORD }
    await fill(page, { ...fields, 'Name of your organization': 'The Red Brand' })
    await press(page, 'Create the account')
    await page.getByRole('heading', { name: 'Hello, Grace Hopper' }).waitFor()
    await press(page, 'Sign out')
    await page.goto(shop.begin(world).address)
    await fill(page, { 'E-mail address': owner.email, Password: PASSWORD })
    await press(page, 'Sign in')
    await press(page, 'Allow')
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
    expect(shop.returned().get('code')).not.toBeNull()
  })
})

describe('what a page may do', () => {
  test('R8 no page of ours runs a script or loads from elsewhere: the browser itself says no violation and no request', async () => {
    context = await world.person()
    const page = await context.newPage()
    const elsewhere: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(world.base)) elsewhere.push(request.url())
    })
    page.on('console', (message) => complaints.push(message.text()))
    for (const path of ['/', '/login', '/sign_up', '/forgotten_password', '/device']) await page.goto(path)
    await fill(page, { 'E-mail address': owner.email, Password: PASSWORD })
    await press(page, 'Sign in')
    await page.getByRole('heading', { name: 'device' }).waitFor()
    const pages = ['', '/profile', '/password', '/two_factor', '/devices', '/apps', '/credential']
    for (const path of pages) await page.goto(`/account${path}`)
    await page.goto(`${shop.begin(world).address}&prompt=consent`)
    await page.getByRole('heading', { name: 'wants to act for you' }).waitFor()
    expect([elsewhere, complaints]).toEqual([[], []])
  })

  test('R8 another site cannot show our pages in a frame', async () => {
    context = await world.person()
    const page = await context.newPage()
    await page.setContent(`<iframe src="${world.base}/login" title="framed"></iframe>`)
    await page.waitForTimeout(500)
    const frame = page.frames().find((one) => one !== page.mainFrame())
    expect(await frame?.getByRole('heading', { name: 'Sign in' }).count()).toBe(0)
  })
})
