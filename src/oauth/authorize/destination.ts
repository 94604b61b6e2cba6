import { AppError } from '../../errors.js'
import type { Client } from '../clients.js'
import type { Sent } from './parameters.js'

/** Where an authorization request's answer goes: known before anything else of the request is looked at. */
export interface Destination {
  readonly client: Client
  readonly redirectUri: string
  /** Whether the request named it: then the token request must too (RFC 6749 §4.1.3). */
  readonly redirectUriSent: boolean
  readonly state: string | undefined
}

const refuse = (detail: string): AppError => new AppError('malformed', { detail })

// The host is one of three texts, and what follows it is a path or a query: there is no room for user-info.
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::(\d{1,5}))?((?:[/?].*)?)$/

/** A loopback address without its port; undefined for any other. */
function withoutPort(uri: string): string | undefined {
  const [whole, origin = '', port = '80', rest = ''] = LOOPBACK.exec(uri) ?? []
  return whole === undefined || Number(port) === 0 || Number(port) > 65_535 ? undefined : `${origin} ${rest}`
}

/** Whether whatever listens on the person's own machine may get what is sent to an address: any program of it, and of a
 *  machine that is shared, anybody's. Source: RFC 8252 §8.6 */
export const isLoopback = (uri: string): boolean => withoutPort(uri) !== undefined

/** Whether a redirect URI is registered: character by character. Of a public client's loopback address the port is free,
 *  because a program on somebody's machine takes what it gets. Source: RFC 9700 §2.1, §4.1.3; RFC 8252 §7.3; ATTACKS R1, R2 */
export function isRegistered(uri: string, { redirectUris, confidential }: Client): boolean {
  if (redirectUris.includes(uri)) return true
  const bare = confidential ? undefined : withoutPort(uri)
  return bare !== undefined && redirectUris.some((one) => withoutPort(one) === bare)
}

function redirectUriOf({ parameters, faulty }: Sent, client: Client): string {
  const sent = parameters.get('redirect_uri')
  const [only, ...others] = client.redirectUris
  if (faulty.has('redirect_uri')) throw refuse('The redirect_uri was sent more than once, or not as a text.')
  if (sent === undefined) {
    if (only === undefined) throw refuse('The application has no address to return to.')
    if (others.length > 0) throw refuse('The redirect_uri is missing, and the application has several.')
    return only
  }
  if (!isRegistered(sent, client)) throw refuse('The redirect_uri is not one that the application has registered.')
  return sent
}

/** Finds out where a request's answer goes. What it throws is shown to the person and never sent by redirect.
 *  @throws AppError malformed. Source: RFC 6749 §3.1.2.3, §3.1.2.4, §4.1.2.1; ATTACKS R5 */
export function findDestination(sent: Sent, client: Client | undefined): Destination {
  if (client === undefined) throw refuse('The application is unknown: its client_id is missing or not right.')
  return {
    client,
    redirectUri: redirectUriOf(sent, client),
    redirectUriSent: sent.parameters.has('redirect_uri'),
    state: sent.parameters.get('state'),
  }
}
