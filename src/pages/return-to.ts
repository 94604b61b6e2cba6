import type { Visit } from './visit.js'

const OURS = 'http://ours.invalid'
/** Where people go when nobody has said where. */
export const HOME = '/account'

/** The path of ours to which a person goes on, in the spelling that a browser makes of it; `otherwise` for anything that
 *  could lead elsewhere. Sources: RFC 9700 §4.11; ATTACKS R4 */
export function returnPath(text: string | undefined, otherwise: string = HOME): string {
  // Browsers drop tabs and line breaks, and take a backslash for a slash: none of them gets as far as the parser.
  if (text === undefined || !/^\/[\x21-\x5b\x5d-\x7e]*$/.test(text) || !URL.canParse(text, OURS)) return otherwise
  const { origin, pathname, search } = new URL(text, OURS)
  // After the dots are gone: `/..//evil.test` is `//evil.test`.
  return origin === OURS && !pathname.startsWith('//') ? `${pathname}${search}` : otherwise
}

/** A parameter of the page's address that stands there once; pages ignore the others. */
export function queryOf({ req }: Pick<Visit, 'req'>, name: string): string | undefined {
  const at = req.url.indexOf('?')
  const values = at === -1 ? [] : new URLSearchParams(req.url.slice(at)).getAll(name)
  return values.length === 1 && values[0] !== '' ? values[0] : undefined
}

/** The address of the sign-in page that leads on to a path. `again`: even if somebody is signed in. */
export function signInAddress(to: string, options: { email?: string; again?: boolean } = {}): string {
  const query = new URLSearchParams({ return_to: to })
  if (options.email !== undefined) query.set('login_hint', options.email)
  if (options.again === true) query.set('again', '1')
  return `/login?${query.toString()}`
}
