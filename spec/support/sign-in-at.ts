import { CALLBACK } from './authorize.js'
import { aBrowser, type Browser } from './browser.js'
import type { TlsService } from './tls-service.js'

/** A browser of a person, signed in at a service behind TLS. */
export async function browserOf(tls: TlsService, userId: string): Promise<Browser> {
  const browser = aBrowser(tls.service)
  await browser.signIn(userId)
  return browser
}

/** Sends a browser where a client wants it, agrees to what is asked there, and answers where it is sent back to: the
 *  address that the client is to read. */
export async function signInAt(browser: Browser, address: URL | string, callback = CALLBACK): Promise<URL> {
  const { pathname, search } = new URL(address)
  let page = await browser.follow(await browser.get(`${pathname}${search}`))
  if (page.location === undefined) page = await browser.follow(await browser.submit(page, {}, { press: 'allow' }))
  if (!page.location?.startsWith(callback)) {
    throw new Error(`no way back from ${page.path}: ${page.status} ${page.location ?? page.text.slice(0, 400)}`)
  }
  return new URL(page.location)
}

/** What somebody does who was shown a device's code: opens the address, and lets the device in. */
export async function letIn(browser: Browser, address: string): Promise<void> {
  const { pathname, search } = new URL(address)
  let page = await browser.follow(await browser.get(`${pathname}${search}`))
  for (let turn = 0; turn < 5; turn += 1) {
    const isQuestion = page.forms.some(({ controls }) => controls.some(({ value }) => value === 'allow'))
    page = await browser.follow(await browser.submit(page, {}, isQuestion ? { press: 'allow' } : {}))
    if (isQuestion) return
  }
  throw new Error(`the device was not let in: ${page.path} ${page.text.slice(0, 400)}`)
}
