import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { anAddress, createClock } from './support/story.js'
import { tour } from './support/tour.js'
import { startWorld, type World } from './support/world.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** The narrowest screen on which nothing may need scrolling sideways, in CSS pixels. Source: WCAG 1.4.10 */
const NARROW = { width: 320, height: 640 }
const WIDE = { width: 1200, height: 800 }

const clock = createClock()
let world: World

beforeAll(async () => {
  world = await startWorld({ clock: clock.now })
})
afterAll(() => world?.stop())

/** What axe finds on a page, with what it is about. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    // @ts-expect-error: the script above has put it there
    const { violations } = await globalThis.axe.run(document)
    // biome-ignore lint/suspicious/noExplicitAny: what comes out of a browser
    return violations.map(({ id, nodes }: any) => `${id}: ${nodes.map((node: any) => node.html).join(' | ')}`)
  })
}

test('axe finds nothing on any page, light or dark, and no page is wider than a small phone', async () => {
  const found: Record<string, string[]> = {}
  const names: string[] = []
  const people = { owner: anAddress('ada'), colleague: anAddress('grace') }
  // The policy of our pages would keep the checker out, too.
  const someone = () => world.person({ bypassCSP: true })
  for await (const { name, page } of tour({ world, clock, someone, ...people })) {
    names.push(name)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const problems = await findings(page)
      if (problems.length > 0) found[`${name}, ${colorScheme}`] = problems
    }
    await page.setViewportSize(NARROW)
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    if (width > NARROW.width) found[`${name}, narrow`] = [`${width} pixels wide`]
    await page.setViewportSize(WIDE)
  }
  expect(found).toEqual({})
  expect(new Set(names).size).toBe(names.length)
  expect(names.length).toBeGreaterThan(35)
}, 300_000)
