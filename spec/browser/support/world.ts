import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { freePort } from '../../support/free-port.js'
import { type Service, startService } from '../../support/service.js'

const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
]
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where the browser is: CHROMIUM_PATH, or where Debian and others put it. */
function executable(): string {
  const found = [process.env.CHROMIUM_PATH ?? '', ...USUAL].find((path) => path !== '' && existsSync(path))
  if (found === undefined) throw new Error('There is no Chromium here: install it, or set CHROMIUM_PATH.')
  return found
}

/** A service that people can open, and a real browser. */
export interface World {
  readonly service: Service
  /** Where its pages are, e.g. `http://localhost:41234`. */
  readonly base: string
  /** A person's browser: nothing is shared with another. */
  person(options?: BrowserContextOptions): Promise<BrowserContext>
  /** The link of the newest mail to an address, as the page of mails shows it. */
  mailedLink(to: string): Promise<string>
  stop(): Promise<void>
}

/** Starts both. Call `stop` in afterAll. */
export async function startWorld(options: { clock?: () => Date } = {}): Promise<World> {
  const port = await freePort()
  // Links, cookies and the origin of forms are those of the address itself.
  const service = await startService({ ...options, port, env: { DOMAIN: '', PORT: String(port) } })
  const browser: Browser = await chromium.launch({ executablePath: executable(), args: FLAGS })
  const base = `http://localhost:${port}`
  const person = (more: BrowserContextOptions = {}) =>
    browser.newContext({ baseURL: base, locale: 'en-GB', viewport: { width: 1200, height: 800 }, ...more })
  return {
    service,
    base,
    person,
    async mailedLink(to) {
      const context = await person()
      const page: Page = await context.newPage()
      await page.goto('/dev/mail')
      const mail = page.locator('article', { hasText: `To ${to},` }).first()
      const link = await mail.getByRole('link', { name: 'Open the link' }).getAttribute('href')
      await context.close()
      if (link === null) throw new Error(`no mail to ${to}`)
      return link
    },
    async stop() {
      await browser.close()
      await service.stop()
    },
  }
}

/** Signs somebody in without the sign-in page. */
export async function enter({ service, base }: World, context: BrowserContext, userId: string): Promise<void> {
  const now = service.parts.clock()
  const userAgent =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'
  const value = await service.parts.sessions.begin({ userId, amr: ['pwd'], address: '192.0.2.7', userAgent, now })
  if (value === undefined) throw new Error('refused')
  await context.addCookies([{ name: 'gatehouse_session', value, url: base }])
}
