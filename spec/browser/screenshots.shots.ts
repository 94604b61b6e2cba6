import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createClock } from './support/story.js'
import { tour } from './support/tour.js'
import { startWorld, type World } from './support/world.js'

const FOLDER = 'docs/images'
const CARD = { width: 900, height: 620 }
const WIDE = { width: 1100, height: 700 }

const clock = createClock()
let world: World

beforeAll(async () => {
  world = await startWorld({ clock: clock.now })
})
afterAll(() => world?.stop())

test('every page is drawn in both themes', async () => {
  mkdirSync(FOLDER, { recursive: true })
  let drawn = 0
  const people = { owner: 'ada@example.com', colleague: 'grace@example.com' }
  for await (const { name, page } of tour({ world, clock, someone: () => world.person(), ...people })) {
    const isCard = (await page.locator('body.card-page').count()) > 0
    await page.setViewportSize(isCard ? CARD : WIDE)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}.png`), fullPage: true })
      drawn += 1
    }
  }
  expect(drawn).toBeGreaterThan(70)
}, 300_000)
