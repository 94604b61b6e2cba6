import { type AppError, KINDS } from '../../errors.js'
import type { Destination } from './destination.js'

/** The address that takes an answer to the client: its own query stays, ours is added. `iss` tells which server answers,
 *  so that a client of several cannot be confused. Source: RFC 6749 §4.1.2; RFC 9207 §2 */
function addressOf(
  { redirectUri, state }: Pick<Destination, 'redirectUri' | 'state'>,
  answer: Readonly<Record<string, string>>,
): string {
  const added = new URLSearchParams({ ...answer, ...(state === undefined ? {} : { state }) })
  const joint = redirectUri.includes('?') ? (/[?&]$/.test(redirectUri) ? '' : '&') : '?'
  return `${redirectUri}${joint}${added}`
}

/** Where the browser goes with a code. */
export const successAddress = (
  destination: Pick<Destination, 'redirectUri' | 'state'>,
  { code, issuer }: { code: string; issuer: string },
): string => addressOf(destination, { code, iss: issuer })

/** The characters that an error's description may have. Source: RFC 6749 §4.1.2.1 */
const plain = (text: string): string => text.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'")

/** Where the browser goes with a refusal. */
export const refusalAddress = (
  destination: Pick<Destination, 'redirectUri' | 'state'>,
  { error, issuer }: { error: AppError; issuer: string },
): string =>
  addressOf(destination, { error: KINDS[error.kind].oauth, error_description: plain(error.message), iss: issuer })
