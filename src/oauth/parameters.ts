import { AppError } from '../errors.js'
import { memberNames } from './json-members.js'

/** Parameters of one request that we know; a parameter without a value is not there. Source: RFC 6749 §3.1, §3.2. */
export type Parameters = ReadonlyMap<string, string>

const invalid = (detail: string): AppError => new AppError('malformed', { detail })

const JSON_TYPES = new Set(['application/json', 'application/vnd.api+json'])
const FORM = 'application/x-www-form-urlencoded'

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decodeText(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw invalid('The request body is not valid UTF-8.')
  }
}

/** Decodes one name or value of a form (`+` is a space). Throws `malformed` for broken escapes and invalid UTF-8. */
export function decodeFormValue(text: string): string {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalid('The request has a broken percent escape or is not valid UTF-8.')
  }
}

function formEntries(text: string): [string, unknown][] {
  const entries: [string, unknown][] = []
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    entries.push([decodeFormValue(name), equals < 0 ? '' : decodeFormValue(pair.slice(equals + 1))])
  }
  return entries
}

function jsonEntries(text: string): [string, unknown][] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalid('The request body is not valid JSON.')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw invalid('The request body must be a JSON object.')
  }
  const members = new Map(Object.entries(parsed))
  return memberNames(text).map((name) => [name, members.get(name)])
}

function entriesOf(contentType: string | undefined, body: Buffer): [string, unknown][] {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';')
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='))
  if (charset !== undefined && !/^charset="?(utf-?8|us-ascii)"?$/.test(charset)) {
    throw invalid('The request body must be in UTF-8.')
  }
  if (type.trim() === FORM) return formEntries(decodeText(body))
  if (JSON_TYPES.has(type.trim())) return jsonEntries(decodeText(body))
  throw invalid(`The request must have the content type ${FORM} or application/json.`)
}

function known(name: string, value: unknown): string | undefined {
  if (value === null || value === undefined || value === '') return undefined
  if (typeof value !== 'string') throw invalid(`The parameter ${name} must be a string.`)
  if (value.includes('\0') || !value.isWellFormed()) {
    throw invalid(`The parameter ${name} has a character that is not allowed.`)
  }
  return value
}

/** Reads the parameters named in `names` out of a form or JSON body; others are ignored, but nothing may come twice.
 *  Throws `malformed` (invalid_request). Source: RFC 6749 §3.1, §3.2, Appendix B; CONTRACT 5.1 */
export function readParameters(
  request: { contentType: string | undefined; body: Buffer },
  names: ReadonlySet<string>,
): Parameters {
  const seen = new Set<string>()
  const parameters = new Map<string, string>()
  for (const [name, raw] of entriesOf(request.contentType, request.body)) {
    if (seen.has(name)) throw invalid('A parameter must not be sent more than once.')
    seen.add(name)
    const bracket = name.indexOf('[')
    if (bracket > 0 && names.has(name.slice(0, bracket))) {
      throw invalid(`The parameter ${name.slice(0, bracket)} must be a string.`)
    }
    if (!names.has(name)) continue
    const value = known(name, raw)
    if (value !== undefined) parameters.set(name, value)
  }
  return parameters
}

/** Refuses a request that carries parameters of ours in its URL, where logs and histories keep them.
 *  Throws `malformed`. Source: RFC 6749 §2.3.1, ATTACKS T16 */
export function refuseQuery(url: string, names: ReadonlySet<string>): void {
  const question = url.indexOf('?')
  if (question < 0) return
  for (const name of new URLSearchParams(url.slice(question)).keys()) {
    if (names.has(name.split('[', 1)[0] ?? '')) {
      throw invalid('Parameters belong in the request body, never in the URL.')
    }
  }
}
