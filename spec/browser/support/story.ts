import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Secret, TOTP } from 'otpauth'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import { newId } from '../../../src/ids.js'
import { api, type Body, resource, tokenFor } from '../../support/api.js'
import type { World } from './world.js'

export const PASSWORD = 'seven purple lanterns'

/** An address that nobody else has: the spec files share a database. */
export const anAddress = (name: string): string => `${name}.${newId().toLowerCase()}@example.com`

/** A clock that goes on when it is told to: no code of an authenticator is good twice. */
export function createClock() {
  let offsetMs = 0
  return {
    now: () => new Date(Date.now() + offsetMs),
    forward: (ms: number): void => {
      offsetMs += ms
    },
  }
}

export type Clock = ReturnType<typeof createClock>

/** What a person's phone shows after a while. */
export function phoneCode(clock: Clock, key: string): string {
  clock.forward(30_000)
  return new TOTP({ secret: Secret.fromBase32(key) }).generate({ timestamp: clock.now().getTime() })
}

/** Fills in the fields of the page by their labels. */
export async function fill(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value)
}

/** The text of an element, as it stands in the page. */
export const textOf = async (locator: Locator): Promise<string> => (await locator.textContent())?.trim() ?? ''

export const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name }).click()

/** Somebody signs up with an organization of their own, by the mail that they get. */
export async function signUp(world: World, context: BrowserContext, email: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto('/sign_up')
  await fill(page, { 'E-mail address': email })
  await press(page, 'Send the mail')
  await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor()
  await page.goto(await world.mailedLink(email))
  const fields = { 'First name': 'Ada', 'Last name': 'Byron', Password: PASSWORD }
  await fill(page, { ...fields, 'Name of your organization': 'The Blue Brand' })
  await press(page, 'Create the account')
  await page.getByRole('heading', { name: 'Hello, Ada Byron' }).waitFor()
  return page
}

/** The caller that a person has by their personal credential, whose secret they make at its page. */
export async function callerOf(world: World, page: Page) {
  await page.goto('/account/credential')
  const clientId = await textOf(page.locator('dd code').first())
  await press(page, 'Make a new secret')
  const clientSecret = await textOf(page.locator('.secret'))
  // Whoever got a token in the very second of a change of secrets would find it ended with the old one.
  await new Promise((resolve) => setTimeout(resolve, 1100))
  return api(world.service, await tokenFor(world.service, { clientId, clientSecret }))
}

export type Caller = Awaited<ReturnType<typeof callerOf>>

function made(reply: { status: number; body: Body }): Body {
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body))
  return reply.body.data
}

/** The one organization of a caller and its roles by name. */
export async function homeOf(caller: Caller): Promise<{ id: string; roles: Record<string, string> }> {
  const { id } = (await caller.get('/organizations')).body.data[0]
  const roles = (await caller.get(`/organizations/${id}/roles?page[size]=100`)).body.data
  return { id, roles: Object.fromEntries(roles.map((role: Body) => [role.attributes.name, role.id])) }
}

/** Invites an address to an organization. */
export async function invite(caller: Caller, { email, role }: { email: string; role: string }): Promise<void> {
  const { id, roles } = await homeOf(caller)
  const links = { organization: ['organizations', id], role: ['roles', roles[role] ?? ''] } as const
  made(
    await caller.post(
      '/memberships',
      resource('memberships', { user_email: email }, { organization: [...links.organization], role: [...links.role] }),
    ),
  )
}

/** A web application: where it takes codes, and what it calls. */
export interface Shop {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  /** The address that begins an authorization, and the verifier of its challenge. */
  begin(world: World, scope?: string): { address: string; verifier: string; state: string }
  /** The query of the newest redirect back. */
  returned(): URLSearchParams
  stop(): Promise<void>
}

/** Registers a web application and runs its one page. */
export async function aShop(caller: Caller, name = 'Blue Back Office'): Promise<Shop> {
  let query = new URLSearchParams()
  const server = createServer((req, res) => {
    if (req.url?.startsWith('/callback')) query = new URL(req.url, 'http://shop').searchParams
    res.setHeader('Content-Type', 'text/html').end('<!doctype html><title>Shop</title><h1>Welcome back</h1>')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`
  const { id } = await homeOf(caller)
  const attributes = { name, kind: 'webapp', redirect_uri: redirectUri, confidential: true }
  const links = { organization: ['organizations', id] as [string, string] }
  const row = made(await caller.post('/api_credentials', resource('api_credentials', attributes, links)))
  const { client_id: clientId, client_secret: clientSecret } = row.attributes
  return {
    clientId,
    clientSecret,
    redirectUri,
    begin({ base }, scope = 'provisioning-api') {
      const [verifier, state] = [randomBytes(32).toString('base64url'), randomBytes(8).toString('base64url')]
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      const wanted = { response_type: 'code', client_id: clientId, redirect_uri: redirectUri, scope, state }
      const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
      return { address: `${base}/oauth/authorize?${new URLSearchParams({ ...wanted, ...pkce })}`, verifier, state }
    },
    returned: () => query,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
