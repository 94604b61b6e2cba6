import { AppError, type ErrorKind } from '../../errors.js'
import { grantScope, type Subjects } from '../scopes.js'
import type { Destination } from './destination.js'
import type { Sent } from './parameters.js'
import { type ResourceSettings, resourceOf } from './resources.js'

/** An authorization request that is sound. */
export interface AuthorizationRequest extends Destination {
  readonly scope: string
  readonly nonce: string | undefined
  /** S256; undefined only for a client that is excused. */
  readonly codeChallenge: string | undefined
  /** A resource server besides our own. */
  readonly resource: string | undefined
  /** What the client wants the person to be asked (OpenID Connect Core §3.1.2.1). */
  readonly prompt: ReadonlySet<string>
  /** Seconds for which a sign-in is good enough. */
  readonly maxAge: number | undefined
  readonly loginHint: string | undefined
  readonly idTokenHint: string | undefined
}

interface Knowledge {
  readonly settings: ResourceSettings
  readonly subjects: Subjects
}

/** Kinds of client whose people come here with a browser. */
const KINDS_WITH_PEOPLE: ReadonlySet<string> = new Set(['webapp', 'dashboard'])

const refuse = (kind: ErrorKind, detail: string): AppError => new AppError(kind, { detail })

function checkForm({ parameters, faulty, pushed = false }: Sent, { client }: Destination): void {
  if (faulty.size > 0) throw refuse('malformed', 'A parameter was sent more than once, or not as a text.')
  if (parameters.has('request')) throw refuse('request_not_supported', 'Request objects are not supported.')
  if (parameters.has('request_uri'))
    throw refuse('request_uri_not_supported', 'Only a request_uri that was pushed to this server is taken.')
  if (client.requirePushedRequests && !pushed)
    throw refuse('malformed', 'This application must push its requests to this server itself.')
}

/** Only codes are given, and only in the query. Source: RFC 6749 §3.1.1; RFC 9700 §2.1.2; ATTACKS R9 */
function checkResponse({ parameters }: Sent, { client }: Destination): void {
  const type = parameters.get('response_type')
  if (type === undefined) throw refuse('malformed', 'The parameter response_type is missing.')
  if (type !== 'code') throw refuse('unsupported_response_type', 'The only response_type is code.')
  if ((parameters.get('response_mode') ?? 'query') !== 'query')
    throw refuse('unsupported_response_type', 'The only response_mode is query.')
  if (!KINDS_WITH_PEOPLE.has(client.kind))
    throw refuse('unauthorized_client', 'This application acts for itself: it may not ask people to sign in.')
}

/** PKCE: a digest of 32 bytes, by S256 and nothing else. Source: RFC 7636 §4.2–§4.4.1; ATTACKS P2, P3 */
function challengeOf({ parameters }: Sent, { client }: Destination): string | undefined {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined && method === undefined && !client.requirePkce) return undefined
  if (challenge === undefined) throw refuse('malformed', 'The parameter code_challenge is missing: PKCE is required.')
  if (method !== 'S256') throw refuse('malformed', 'The code_challenge_method must be S256.')
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) throw refuse('malformed', 'The code_challenge is not one of S256.')
  return challenge
}

function promptOf({ parameters }: Sent): ReadonlySet<string> {
  const prompt = new Set((parameters.get('prompt') ?? '').split(' ').filter(Boolean))
  if (prompt.has('none') && prompt.size > 1) throw refuse('malformed', 'prompt=none goes with no other value.')
  return prompt
}

function maxAgeOf({ parameters }: Sent): number | undefined {
  const text = parameters.get('max_age')
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw refuse('malformed', 'The max_age must be a number of seconds.')
  return Number(text)
}

/** Checks a request whose destination is known. What it throws goes to the client, by redirect.
 *  @throws AppError malformed, unsupported_response_type, unauthorized_client, invalid_scope, invalid_target,
 *  request_not_supported, request_uri_not_supported. Source: RFC 6749 §4.1.1, §4.1.2.1 */
export function checkRequest(
  sent: Sent,
  destination: Destination,
  { settings, subjects }: Knowledge,
): AuthorizationRequest {
  checkForm(sent, destination)
  checkResponse(sent, destination)
  const { parameters } = sent
  return {
    ...destination,
    codeChallenge: challengeOf(sent, destination),
    scope: grantScope(parameters.get('scope'), destination.client, subjects),
    nonce: parameters.get('nonce'),
    resource: resourceOf(parameters.get('resource'), destination.client, settings),
    prompt: promptOf(sent),
    maxAge: maxAgeOf(sent),
    loginHint: parameters.get('login_hint'),
    idTokenHint: parameters.get('id_token_hint'),
  }
}
