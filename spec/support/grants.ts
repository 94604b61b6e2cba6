import { createHash, randomBytes } from 'node:crypto'
import { saveCode } from '../../src/tokens/codes.js'
import { anApplication, anOwner, type Body, type Owner, type Reply, resource } from './api.js'
import type { Service } from './service.js'

/** Where the applications of these specs have their people return. */
export const CALLBACK = 'https://app.example.com/callback'

/** A verifier and its challenge (RFC 7636 §4). */
export function pkce() {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** An application whose people sign in. */
export interface Web {
  readonly id: string
  readonly clientId: string
  /** Absent for a browser-only one. */
  readonly clientSecret?: string | undefined
}

/** A webapp of an owner's organization. */
export async function aWebapp(
  service: Service,
  owner: Owner,
  attributes: Record<string, unknown> = {},
): Promise<Web & { clientSecret: string }> {
  return anApplication(service, owner, 'webapp', { attributes: { redirect_uri: CALLBACK, ...attributes } })
}

interface CodeOptions {
  readonly owner: Owner
  readonly webapp: Web
  readonly userId?: string
  readonly scope?: string
  /** null: the code is for a client that does no PKCE. */
  readonly challenge?: string | null
  readonly sessionId?: string
  readonly resource?: string
  readonly nonce?: string
}

/** A browser session of a user, begun without a browser.  @returns its id */
export async function aSession(service: Service, userId: string): Promise<string> {
  const now = service.parts.clock()
  const token = await service.parts.sessions.begin({
    userId,
    amr: ['pwd'],
    address: undefined,
    userAgent: undefined,
    now,
  })
  const session = await service.parts.sessions.find(token ?? '', now)
  if (!session) throw new Error('no session')
  return session.id
}

/** A code as the authorization endpoint makes one, without a browser, with what redeems it. */
export async function signInCode(service: Service, options: CodeOptions) {
  const { owner, webapp, userId = owner.userId, scope = 'market:all', resource: named, nonce } = options
  const { verifier, challenge } = pkce()
  const now = service.parts.clock()
  const code = await saveCode(service.db.knex, service.parts.secrets, {
    code: {
      organizationId: owner.organizationId,
      clientId: webapp.clientId,
      applicationId: webapp.id,
      userId,
      sessionId: options.sessionId ?? (await aSession(service, userId)),
      redirectUri: CALLBACK,
      scope,
      codeChallenge: options.challenge === null ? undefined : (options.challenge ?? challenge),
      nonce,
      resource: named,
      authenticatedAt: now,
      amr: ['pwd'],
    },
    now,
  })
  return {
    verifier,
    code,
    /** The whole token request. */
    form: {
      grant_type: 'authorization_code',
      client_id: webapp.clientId,
      ...(webapp.clientSecret === undefined ? {} : { client_secret: webapp.clientSecret }),
      code,
      redirect_uri: CALLBACK,
      ...(options.challenge === null ? {} : { code_verifier: verifier }),
    },
  }
}

/** Posts to an endpoint of the authorization server, as a form. */
export async function ask(service: Pick<Service, 'url'>, path: string, form: Record<string, string>): Promise<Reply> {
  const response = await fetch(`${service.url}/oauth/${path}`, { method: 'POST', body: new URLSearchParams(form) })
  const body: Body = await response.json()
  return { status: response.status, headers: response.headers, body }
}

/** The tokens of a request that must succeed. */
export async function tokensOf(service: Pick<Service, 'url'>, form: Record<string, string>): Promise<Body> {
  const { status, body } = await ask(service, 'token', form)
  if (status !== 200) throw new Error(`no tokens: ${status} ${JSON.stringify(body)}`)
  return body
}

/** The tokens of a person who has signed in to a webapp. */
export async function signIn(service: Service, options: CodeOptions): Promise<Body> {
  return tokensOf(service, (await signInCode(service, options)).form)
}

/** The request that refreshes. */
export const refreshing = (client: Omit<Web, 'id'>, refresh_token: string): Record<string, string> => ({
  grant_type: 'refresh_token',
  client_id: client.clientId,
  ...(client.clientSecret === undefined ? {} : { client_secret: client.clientSecret }),
  refresh_token,
})

/** The status and error of a reply as one line; `200` alone for a success. */
export const outcome = ({ status, body }: Reply): string => (status === 200 ? '200' : `${status} ${body.error}`)

/** Whether an access token counts, at the API of an instance. */
export async function counts(service: Service, token: string): Promise<boolean> {
  return service.parts.verifier.verify(token, service.parts.clock()).then(
    () => true,
    () => false,
  )
}

/** A shop with a storefront and a shopper who can sign in. */
export async function aShopper(service: Service, owner?: Owner) {
  const shop = owner ?? (await anOwner(service))
  const channel = await anApplication(service, shop, 'sales_channel')
  const credentials = { email: `${randomBytes(6).toString('hex')}@example.com`, password: 'correct horse battery' }
  const made = await shop.post(
    '/customers',
    resource('customers', credentials, { organization: ['organizations', shop.organizationId] }),
  )
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  const form = {
    grant_type: 'password',
    client_id: channel.clientId,
    username: credentials.email,
    password: credentials.password,
  }
  return { owner: shop, channel, customerId: made.body.data.id as string, ...credentials, form }
}
