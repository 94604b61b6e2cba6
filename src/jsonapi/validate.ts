import { canonicalAddress } from '../access/addresses.js'
import { atAttribute, type Issue, violation } from '../errors.js'
import type { Attribute, Format } from './define.js'

/** The failed rule of a value: the contract's title and symbol, and the rule's own parameters. */
interface Fault {
  title: string
  error: string
  meta?: Record<string, unknown>
  /** Which item of a list. */
  at?: number
}

const fault = (title: string, error: string, meta?: Record<string, unknown>): Fault => ({
  title,
  error,
  ...(meta === undefined ? {} : { meta }),
})
const invalid = (rule: string): Fault => fault(`is invalid (${rule})`, 'invalid')
const NOT_TEXT = invalid('no NUL and no half of a surrogate pair')
const NOT_KEEPABLE = invalid(
  'no NUL, no half of a surrogate pair, no number that JSON cannot write back, 16 levels at most',
)
const BLANK = fault("can't be blank", 'blank')

/** Characters of a string and nesting of an object that a definition may raise or lower. */
const DEFAULT_MAX = 255
const MAX_OBJECT_DEPTH = 16
const MAX_OBJECT_BYTES = 32_768

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host)

/** Source: DECISIONS 5, RFC 9700 §2.1, ATTACKS R3: https only, except loopback; no fragment, no user-info, no wildcard. */
function isRedirectUri(value: string): boolean {
  if (/[\s*\\#]/.test(value) || !URL.canParse(value)) return false
  const url = new URL(value)
  if (url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

const isWebUrl = (value: string): boolean =>
  !/\s/.test(value) && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)

function isTimeZone(value: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }) !== undefined
  } catch {
    // Rails zone names ("Rome", "Eastern Time (US & Canada)") are what the contract's clients send.
    return /^[A-Z][A-Za-z .&()'-]{1,60}$/.test(value)
  }
}

/** What a value must be, for whoever sent another one. */
const RULES: Readonly<Record<Format, string>> = {
  email: 'one plain e-mail address',
  url: 'http:// or https://',
  redirect_uri: 'https://, or http:// on a loopback host; no fragment, no user name, no *',
  color: '#rrggbb',
  slug: 'a-z, 0-9 and - between them, at most 63 characters',
  subject: 'a resource type in the plural, like orders: a-z, then a-z, 0-9 and _, 2 to 64 characters',
  time_zone: 'like Europe/Rome',
  code: 'letters, digits and _ . ~ @ + / -, at most 128 characters',
  region: 'like eu-west-1',
}

const FORMATS: Readonly<Record<Format, (value: string) => boolean>> = {
  email: (value) => value === value.trim() && canonicalAddress(value) !== undefined,
  url: isWebUrl,
  redirect_uri: isRedirectUri,
  color: (value) => /^#[0-9a-f]{6}$/i.test(value),
  slug: (value) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value),
  subject: (value) => /^[a-z][a-z0-9_]{1,63}$/.test(value),
  time_zone: isTimeZone,
  // What an item of a scope can name (DECISIONS 3).
  code: (value) => /^[A-Za-z0-9_.~@+/-]{1,128}$/.test(value),
  region: (value) => /^[a-z]{2}-[a-z]+-\d$/.test(value),
}

/** Text that PostgreSQL can keep and that comes back as it was sent. */
const isPlainText = (value: string): boolean => value.isWellFormed() && !value.includes('\0')

function stringFault(attribute: Attribute, value: unknown): Fault | undefined {
  const { required, format, min = 0, max = DEFAULT_MAX } = attribute.options
  if (typeof value !== 'string') return fault('is not a string', 'not_a_string')
  if (!isPlainText(value)) return NOT_TEXT
  if (required && value.trim() === '') return BLANK
  if (attribute.values !== undefined && !attribute.values.includes(value)) {
    return fault('is not included in the list', 'inclusion', { value, list: attribute.values })
  }
  if (value.length > max) return fault(`is too long (maximum is ${max} characters)`, 'too_long', { count: max })
  if (value.length < min) return fault(`is too short (minimum is ${min} characters)`, 'too_short', { count: min })
  return format !== undefined && !FORMATS[format](value) ? invalid(RULES[format]) : undefined
}

function numberFault(attribute: Attribute, value: unknown): Fault | undefined {
  const { min, max } = attribute.options
  if (typeof value !== 'number' || !Number.isFinite(value)) return fault('is not a number', 'not_a_number')
  if (attribute.kind === 'integer' && !Number.isSafeInteger(value)) {
    return fault('must be an integer', 'not_an_integer', { value })
  }
  if (min !== undefined && value < min) {
    return fault(`must be greater than or equal to ${min}`, 'greater_than_or_equal_to', { value, count: min })
  }
  if (max !== undefined && value > max) {
    return fault(`must be less than or equal to ${max}`, 'less_than_or_equal_to', { value, count: max })
  }
  return undefined
}

/** Whether JSON can be kept without loss: no NUL, no lone surrogate, no number that JSON cannot write back. */
export function isKeepable(value: unknown, depth = 0): boolean {
  if (depth > MAX_OBJECT_DEPTH) return false
  if (typeof value === 'string') return isPlainText(value)
  if (typeof value === 'number')
    return (
      Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= 1e21)
    )
  if (Array.isArray(value)) return value.every((one) => isKeepable(one, depth + 1))
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, one]) => isPlainText(name) && isKeepable(one, depth + 1))
}

function objectFault(value: unknown): Fault | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fault('is not an object', 'not_an_object')
  if (!isKeepable(value)) return NOT_KEEPABLE
  const size = Buffer.byteLength(JSON.stringify(value))
  if (size <= MAX_OBJECT_BYTES) return undefined
  return fault(`is too long (maximum is ${MAX_OBJECT_BYTES} bytes)`, 'too_long', { count: MAX_OBJECT_BYTES })
}

function listFault(attribute: Attribute, value: unknown): Fault | undefined {
  const { max = 20 } = attribute.options
  if (!Array.isArray(value)) return fault('is not a list', 'not_a_list')
  if (value.length > max) return fault(`is too long (maximum is ${max} items)`, 'too_long', { count: max })
  const item: Attribute = { kind: 'string', options: { ...attribute.options, max: 2000, min: 1 } }
  const faults = value.map((one) => stringFault(item, one))
  const at = faults.findIndex((one) => one !== undefined)
  return faults[at] && { ...faults[at], at }
}

/** The moment that an ISO 8601 text with a zone means, in UTC with milliseconds. Undefined for a day that no calendar has,
 *  and for the years 0 and 10000, which PostgreSQL and ISO 8601 write in different ways. */
export function instantOf(text: string): string | undefined {
  const time = Date.parse(text)
  // 2026-02-31 is parsed as 2026-03-03: what is kept would not be what was sent.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`)
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10))
  const instant = exists && !Number.isNaN(time) ? new Date(time).toISOString() : ''
  return /^(?!0000)\d{4}-/.test(instant) ? instant : undefined
}

function datetimeFault(value: unknown): Fault | undefined {
  const isTime =
    typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/.test(value)
  const known = isTime && instantOf(value) !== undefined
  return known ? undefined : fault('is not a date and time (ISO 8601)', 'invalid')
}

function faultOf(attribute: Attribute, value: unknown): Fault | undefined {
  if (value === null) return attribute.options.nullable ? undefined : BLANK
  if (attribute.kind === 'string') return stringFault(attribute, value)
  if (attribute.kind === 'integer' || attribute.kind === 'number') return numberFault(attribute, value)
  if (attribute.kind === 'boolean')
    return typeof value === 'boolean' ? undefined : fault('is not a boolean', 'not_a_boolean')
  if (attribute.kind === 'object') return objectFault(value)
  if (attribute.kind === 'list') return listFault(attribute, value)
  return datetimeFault(value)
}

/** Checks one value against its attribute.
 *  @returns the failed rule in the contract's words (CONTRACT 2.6), or undefined */
export function checkValue(name: string, attribute: Attribute, value: unknown): Issue | undefined {
  const found = faultOf(attribute, value)
  if (found === undefined) return undefined
  const { at, ...rule } = found
  const source = at === undefined ? atAttribute(name) : { pointer: `/data/attributes/${name}/${at}` }
  return violation({ name, ...rule, source })
}

/** The value as it is kept: an e-mail address canonical, a time in UTC, the default for null. */
export function canonical(attribute: Attribute, value: unknown): unknown {
  if (value === null) return attribute.options.default ?? null
  if (typeof value !== 'string') return value
  if (attribute.options.format === 'email') return canonicalAddress(value)
  return attribute.kind === 'datetime' ? new Date(value).toISOString() : value
}
