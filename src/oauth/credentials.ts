import { AppError } from '../errors.js'
import { payloadOf } from './assertions.js'
import { decodeFormValue, type Parameters } from './parameters.js'

/** Names of the body parameters that say who the client is. */
export const CLIENT_PARAMETERS = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'] as const

/** RFC 7523 §2.2 */
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Who a request says that it is. */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret?: string
  /** A JWT that the client has signed to prove itself. */
  readonly assertion?: string
  /** Whether they came in the Authorization header: then a refusal must name the scheme. */
  readonly basic: boolean
}

/** The one refusal of client authentication, whatever the reason. Source: RFC 6749 §5.2; text: CONTRACT 5.2. */
export function invalidClient(basic: boolean): AppError {
  return new AppError('invalid_client', {
    detail:
      'Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.',
    headers: basic ? { 'WWW-Authenticate': 'Basic realm="gatehouse", charset="UTF-8"' } : {},
  })
}

const malformed = (detail: string): AppError => new AppError('malformed', { detail })

/** Reads an Authorization header of scheme Basic; both halves are form-decoded after base64. Source: RFC 6749 §2.3.1. */
function readBasic(header: string): { clientId: string; clientSecret: string } {
  const [, scheme = '', encoded = ''] = /^(\S+) +(\S+) *$/.exec(header) ?? []
  if (scheme.toLowerCase() !== 'basic') throw invalidClient(true)
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(encoded) || colon < 0 || /[\0\ufffd]/.test(text)) {
    throw malformed('The Authorization header is not valid Basic authentication.')
  }
  return { clientId: decodeFormValue(text.slice(0, colon)), clientSecret: decodeFormValue(text.slice(colon + 1)) }
}

function fromHeader(header: string, parameters: Parameters): ClientCredentials {
  const { clientId, clientSecret } = readBasic(header)
  const named = parameters.get('client_id')
  if (parameters.has('client_secret'))
    throw malformed('Only one way of client authentication may be used in a request.')
  // Many clients repeat client_id in the body; that is not a second way, unless it says something else.
  if (named !== undefined && named !== clientId) throw malformed('Two different clients are named in the request.')
  return clientSecret === '' ? { clientId, basic: true } : { clientId, clientSecret, basic: true }
}

/** Who an assertion says has signed it; whoever is named besides must be the same. Source: RFC 7523 §3 (2), §4.2 */
function fromAssertion(parameters: Parameters): ClientCredentials {
  const assertion = parameters.get('client_assertion') ?? ''
  const clientId = payloadOf(assertion)?.sub
  const named = parameters.get('client_id')
  if (parameters.get('client_assertion_type') !== ASSERTION_TYPE || typeof clientId !== 'string') {
    throw invalidClient(false)
  }
  if (named !== undefined && named !== clientId) throw invalidClient(false)
  return { clientId, assertion, basic: false }
}

/** Finds out who the client says it is, by exactly one way of authentication.
 *  Throws `malformed` for two ways, `invalid_client` for none or an unknown one. Source: RFC 6749 §2.3 */
export function readCredentials(authorization: string | undefined, parameters: Parameters): ClientCredentials {
  const assertion = parameters.has('client_assertion') || parameters.has('client_assertion_type')
  if (assertion && (authorization !== undefined || parameters.has('client_secret'))) {
    throw malformed('Only one way of client authentication may be used in a request.')
  }
  if (authorization !== undefined) return fromHeader(authorization, parameters)
  if (assertion) return fromAssertion(parameters)
  const clientId = parameters.get('client_id')
  const clientSecret = parameters.get('client_secret')
  if (clientId === undefined) throw invalidClient(false)
  return clientSecret === undefined ? { clientId, basic: false } : { clientId, clientSecret, basic: false }
}
