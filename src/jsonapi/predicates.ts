import type { FieldKind } from './define.js'

/** How one predicate becomes SQL. */
export interface Predicate {
  readonly operator: 'equal' | 'like' | 'compare' | 'contains' | 'emptiness'
  /** SQL comparison, or how a pattern is built around the value. */
  readonly how: '=' | '<>' | '<' | '<=' | '>' | '>=' | 'raw' | 'start' | 'end' | 'cont' | 'null' | 'blank' | 'jcont'
  readonly negated: boolean
  /** How several comma-separated values are joined; absent: one value. */
  readonly many?: 'any' | 'all' | 'in'
  readonly orNull: boolean
  /** A value that the name itself fixes (`true`, `false`). */
  readonly fixed?: boolean
}

const table = new Map<string, Predicate>()
const add = (name: string, predicate: Omit<Predicate, 'negated' | 'orNull'> & Partial<Predicate>): void => {
  table.set(name, { negated: false, orNull: false, ...predicate })
}

add('eq', { operator: 'equal', how: '=' })
add('not_eq', { operator: 'equal', how: '<>', negated: true })
add('eq_or_null', { operator: 'equal', how: '=', orNull: true })
add('not_eq_or_null', { operator: 'equal', how: '<>', negated: true, orNull: true })
add('not_eq_all', { operator: 'equal', how: '<>', negated: true, many: 'all' })
add('in', { operator: 'equal', how: '=', many: 'in' })
add('not_in', { operator: 'equal', how: '<>', negated: true, many: 'in' })
add('in_or_null', { operator: 'equal', how: '=', many: 'in', orNull: true })
add('not_in_or_null', { operator: 'equal', how: '<>', negated: true, many: 'in', orNull: true })
for (const [word, sign] of [
  ['lt', '<'],
  ['lteq', '<='],
  ['gt', '>'],
  ['gteq', '>='],
] as const) {
  add(word, { operator: 'compare', how: sign })
  add(`${word}_any`, { operator: 'compare', how: sign, many: 'any' })
  add(`${word}_all`, { operator: 'compare', how: sign, many: 'all' })
}
for (const [word, how] of [
  ['start', 'start'],
  ['end', 'end'],
  ['cont', 'cont'],
  ['matches', 'raw'],
] as const) {
  const not = word === 'matches' ? 'does_not_match' : `not_${word}`
  for (const [name, negated] of [
    [word, false],
    [not, true],
  ] as const) {
    add(name, { operator: 'like', how, negated })
    add(`${name}_any`, { operator: 'like', how, negated, many: 'any' })
    add(`${name}_all`, { operator: 'like', how, negated, many: 'all' })
  }
}
add('null', { operator: 'emptiness', how: 'null' })
add('not_null', { operator: 'emptiness', how: 'null', negated: true })
add('blank', { operator: 'emptiness', how: 'blank' })
add('present', { operator: 'emptiness', how: 'blank', negated: true })
add('true', { operator: 'equal', how: '=', fixed: true })
add('false', { operator: 'equal', how: '=', fixed: false })
add('jcont', { operator: 'contains', how: 'jcont' })

/** Every predicate of the contract (2.5), by name. */
export const PREDICATES: ReadonlyMap<string, Predicate> = table

/** Names, the longest first, so that `not_eq_or_null` is not taken for `null`. */
const BY_LENGTH = [...table.keys()].sort((a, b) => b.length - a.length)

/** The ways to read `name_or_reference_cont` as attributes and a predicate, the longest predicate first. */
export function readings(name: string): { attributes: string[]; predicate: string }[] {
  return BY_LENGTH.filter((predicate) => name.endsWith(`_${predicate}`)).map((predicate) => ({
    attributes: name.slice(0, -predicate.length - 1).split('_or_'),
    predicate,
  }))
}

/** Whether a predicate means something for a kind of value. */
export function suits(predicate: Predicate, kind: FieldKind): boolean {
  if (predicate.operator === 'emptiness') return true
  if (kind === 'object') return predicate.operator === 'contains'
  if (predicate.operator === 'contains' || kind === 'list') return false
  if (predicate.fixed !== undefined) return kind === 'boolean'
  if (predicate.operator === 'like') return kind === 'string'
  if (predicate.operator === 'compare') return kind !== 'boolean'
  return true
}
