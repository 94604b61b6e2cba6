import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anAddress, aShop, callerOf, fill, PASSWORD, press, type Shop, signUp } from './support/story.js'
import { startWorld, type World } from './support/world.js'

const OWNER = anAddress('ada')

let world: World
let shop: Shop

beforeAll(async () => {
  world = await startWorld()
})
afterAll(async () => {
  await shop?.stop()
  await world?.stop()
})

test('whoever has agreed before comes from the sign-in form to the application, past the policy of that form', async () => {
  const context = await world.person()
  const page = await signUp(world, context, OWNER)
  shop = await aShop(await callerOf(world, page))
  await page.goto(shop.begin(world).address)
  await press(page, 'Allow')
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
  await context.clearCookies()
  const { address, state } = shop.begin(world)
  await page.goto(address)
  await fill(page, { 'E-mail address': OWNER, Password: PASSWORD })
  await press(page, 'Sign in')
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor({ timeout: 20_000 })
  expect(shop.returned().get('state')).toBe(state)
  expect(shop.returned().get('code')).toMatch(/^gh_code_/)
})
