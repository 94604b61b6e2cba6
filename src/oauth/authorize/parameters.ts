import { AppError } from '../../errors.js'
import { decodeFormValue, type Parameters } from '../parameters.js'

/** Every parameter that the authorization endpoint knows; others are ignored (RFC 6749 §3.1). */
export const AUTHORIZE_PARAMETERS: ReadonlySet<string> = new Set([
  'response_type',
  'response_mode',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'resource',
  'prompt',
  'max_age',
  'login_hint',
  'id_token_hint',
  'request',
  'request_uri',
])

/** What was sent to the authorization endpoint. */
export interface Sent {
  readonly parameters: Parameters
  /** Names that were sent twice, as an array, or with characters that are not allowed. What they say is not in `parameters`. */
  readonly faulty: ReadonlySet<string>
  /** Whether the client has sent it itself, and not through somebody's browser. */
  readonly pushed?: boolean
}

/** Longest of all values together, in bytes: they travel in addresses, sealed, through sign-in and back. */
const LONGEST = 6000

const spoilt = (value: string): boolean => value.includes('\0') || /\p{Surrogate}/u.test(value)

function entryOf(pair: string): [name: string, value: string] {
  const equals = pair.indexOf('=')
  const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
  return [decodeFormValue(name), decodeFormValue(value)]
}

/** Reads a query or a form. Faults are noted, not thrown, because a client whose redirect URI is sound is told of the
 *  others by redirect. A parameter without a value is not there.
 *  @throws AppError malformed for broken escapes and for too much: such a request has no answer but a page
 *  Source: RFC 6749 §3.1, Appendix B; ATTACKS R13 */
export function readSent(text: string): Sent {
  const parameters = new Map<string, string>()
  const faulty = new Set<string>()
  const seen = new Set<string>()
  let bytes = 0
  for (const [written, value] of text.split('&').filter(Boolean).map(entryOf)) {
    const bare = written.split('[', 1)[0] ?? ''
    const name = AUTHORIZE_PARAMETERS.has(bare) ? bare : written
    if (seen.has(name) || name !== written || spoilt(value)) faulty.add(name)
    seen.add(name)
    if (!AUTHORIZE_PARAMETERS.has(name) || value === '') continue
    bytes += Buffer.byteLength(value)
    parameters.set(name, value)
  }
  if (bytes > LONGEST) throw new AppError('malformed', { detail: 'The authorization request is too long.' })
  for (const name of faulty) parameters.delete(name)
  return { parameters, faulty }
}
