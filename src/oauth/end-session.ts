import { AppError } from '../errors.js'
import type { KeyRing } from '../tokens/keys.js'
import type { Client, Clients } from './clients.js'
import { type IdTokenHint, readIdTokenHint } from './id-token.js'
import type { Parameters } from './parameters.js'

/** Every parameter that the endpoint reads. Source: OpenID Connect RP-Initiated Logout §2 */
export const END_SESSION_PARAMETERS = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'] as const

/** A wish to be signed out. */
export interface Logout {
  /** Who is meant; undefined when the request does not prove it. */
  readonly hint: IdTokenHint | undefined
  readonly client: Client | undefined
  /** Where to go afterwards, as registered; undefined: nowhere. */
  readonly redirectUri: string | undefined
  /** The same with the request's `state`. */
  readonly to: string | undefined
}

interface LogoutParts {
  readonly clients: Pick<Clients, 'find'>
  readonly keys: Pick<KeyRing, 'find'>
  readonly issuer: string
  readonly now: Date
}

const refuse = (detail: string): AppError => new AppError('malformed', { detail })

async function clientOf(
  parameters: Parameters,
  hint: IdTokenHint | undefined,
  { clients, now }: LogoutParts,
): Promise<Client | undefined> {
  const named = parameters.get('client_id')
  if (named !== undefined && hint !== undefined && named !== hint.clientId) {
    throw refuse('The id_token_hint was made for another application than client_id.')
  }
  const clientId = named ?? hint?.clientId
  const client = clientId === undefined ? undefined : await clients.find(clientId, now)
  if (named !== undefined && client === undefined)
    throw refuse('The application is unknown: its client_id is not right.')
  return client
}

/** Only an address that this very client has registered, character by character: anybody can send a browser here. */
function redirectUriOf(parameters: Parameters, client: Client | undefined): string | undefined {
  const uri = parameters.get('post_logout_redirect_uri')
  if (uri === undefined || client?.postLogoutRedirectUris.includes(uri) === true) return uri
  throw refuse('The post_logout_redirect_uri is not one that the application has registered.')
}

function withState(uri: string | undefined, state: string | undefined): string | undefined {
  if (uri === undefined || state === undefined) return uri
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
}

/** Reads a logout request. A hint that is none of ours proves nothing and is as good as none.
 *  @throws AppError malformed, to be shown and never redirected. Source: OpenID Connect RP-Initiated Logout §2, §3; ATTACKS R4 */
export async function readLogout(parameters: Parameters, parts: LogoutParts): Promise<Logout> {
  const shown = parameters.get('id_token_hint')
  const hint = shown === undefined ? undefined : await readIdTokenHint(shown, parts)
  const client = await clientOf(parameters, hint, parts)
  const redirectUri = redirectUriOf(parameters, client)
  return { hint, client, redirectUri, to: withState(redirectUri, parameters.get('state')) }
}
