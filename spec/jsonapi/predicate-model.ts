import type { Predicate } from '../../src/jsonapi/predicates.js'

// What each predicate means, written a second time without SQL: CONTRACT 2.5 with the three-valued logic of a database,
// where a comparison with nothing is neither true nor false, so that such a row is not found.

export type Value = string | number | boolean | null | Record<string, unknown>

function likeToRegExp(pattern: string): RegExp {
  const source = [...pattern].map((sign) => {
    if (sign === '%') return '.*'
    if (sign === '_') return '.'
    return sign.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${source.join('')}$`, 'is')
}

function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.every((one) => whole.some((other) => contains(other, one)))
  }
  if (typeof part !== 'object' || part === null) return whole === part
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return false
  return Object.entries(part).every(([name, one]) => Object.hasOwn(whole, name) && contains(whole[name as never], one))
}

const isBlank = (value: Value): boolean =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)

const like = (how: Predicate['how'], value: string, wanted: string): boolean => {
  const [whole, part] = [value.toLowerCase(), wanted.toLowerCase()]
  if (how === 'start') return whole.startsWith(part)
  if (how === 'end') return whole.endsWith(part)
  return how === 'cont' ? whole.includes(part) : likeToRegExp(wanted).test(value)
}

function meetsOne(predicate: Predicate, value: NonNullable<Value>, wanted: string): boolean {
  const { operator, how } = predicate
  if (operator === 'like') return like(how, String(value), wanted) !== predicate.negated
  if (operator === 'contains') return contains(value, JSON.parse(wanted))
  if (predicate.fixed !== undefined) return value === ((wanted === 'true') === predicate.fixed)
  const typed = typeof value === 'number' ? Number(wanted) : typeof value === 'boolean' ? wanted === 'true' : wanted
  if (how === '=') return predicate.negated ? value !== typed : value === typed
  if (how === '<>') return value !== typed
  if (how === '<') return value < typed
  if (how === '<=') return value <= typed
  return how === '>' ? value > typed : value >= typed
}

/** Whether a value meets a predicate for the text that stands in the URL. */
export function meets(predicate: Predicate, value: Value, text: string): boolean {
  if (predicate.operator === 'emptiness') {
    const empty = predicate.how === 'null' ? value === null : isBlank(value)
    return (empty !== predicate.negated) === (text === 'true')
  }
  if (value === null) return predicate.orNull
  const wanted = predicate.many === undefined ? [text] : text.split(',')
  const some = predicate.many === 'any' || (predicate.many === 'in' && !predicate.negated)
  return some
    ? wanted.some((one) => meetsOne(predicate, value, one))
    : wanted.every((one) => meetsOne(predicate, value, one))
}
