import { createHash, randomBytes } from 'node:crypto'
import { anApplication, type Owner } from './api.js'
import type { Browser, Page } from './browser.js'
import type { Service } from './service.js'

/** Where the specs' web apps return to. */
export const CALLBACK = 'https://app.example.com/callback'

/** A verifier and its S256 challenge. */
export function aChallenge() {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** A webapp of an owner's organization, confidential unless its attributes say otherwise. */
export const aWebapp = (service: Service, owner: Owner, attributes: Record<string, unknown> = {}) =>
  anApplication(service, owner, 'webapp', { attributes: { name: 'Stock', redirect_uri: CALLBACK, ...attributes } })

/** The parameters of a sound request, and others over them; undefined leaves one out. */
export function aRequest(clientId: string, over: Record<string, string | undefined> = {}) {
  const { challenge } = aChallenge()
  const all = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: CALLBACK,
    scope: 'provisioning-api',
    state: 'a state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...over,
  }
  return Object.fromEntries(Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined))
}

/** The address at which a browser begins. */
export const authorizePath = (parameters: Record<string, string> | [string, string][]): string =>
  `/oauth/authorize?${new URLSearchParams(parameters)}`

/** Opens the authorization endpoint, and what it leads to as long as that is ours. */
export const begin = async (browser: Browser, parameters: Record<string, string>): Promise<Page> =>
  browser.follow(await browser.get(authorizePath(parameters)))

/** The parameters of an answer that goes to an application. */
export function answerOf({ location, status, text }: Page, callback = CALLBACK): Record<string, string> {
  if (status !== 303 || !location?.startsWith(callback))
    throw new Error(`no answer to the application: ${status} ${location ?? text.slice(0, 400)}`)
  return Object.fromEntries(new URL(location).searchParams)
}

/** Asks, agrees where that is asked, and answers what the application gets. */
export async function allow(browser: Browser, parameters: Record<string, string>): Promise<Record<string, string>> {
  const page = await begin(browser, parameters)
  const sent = page.location === undefined ? await browser.submit(page, {}, { press: 'allow' }) : page
  return answerOf(sent, parameters.redirect_uri ?? CALLBACK)
}
