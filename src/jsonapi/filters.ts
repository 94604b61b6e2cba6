import type { Knex } from 'knex'
import type { Kinds } from '../access/counts.js'
import type { Scope } from '../access/scope.js'
import type { Predicate } from './predicates.js'
import { rangesOf } from './prefixes.js'
import type { Filter, FilterPath } from './query-filters.js'

type Value = Filter['values'][number]

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, (sign) => `\\${sign}`)

function patternOf(predicate: Predicate, value: Value): string {
  const text = String(value)
  if (predicate.how === 'raw') return text
  const escaped = escapeLike(text)
  return `${predicate.how === 'start' ? '' : '%'}${escaped}${predicate.how === 'end' ? '' : '%'}`
}

/** Whether a column without a value meets the predicate, so that a missing relationship does too. */
function meetsNull(predicate: Predicate, values: Filter['values']): boolean {
  if (predicate.operator !== 'emptiness') return predicate.orNull
  return (values[0] === true) !== predicate.negated
}

/** What everything that meets a pattern begins with. */
function beginningOf({ how }: Predicate, text: string): string {
  if (how === 'start') return text
  return how === 'raw' ? (/^[^\\%_]*/.exec(text)?.[0] ?? '') : ''
}

interface Comparison {
  readonly path: FilterPath
  readonly predicate: Predicate
  readonly value: Value
}

/** Texts are compared in any case. `like` is not leakproof, so that row security keeps it from every index; the range
 *  that a beginning stands for is, and finds the few rows for which `like` is asked. */
function alike(query: Knex.QueryBuilder, { path, predicate, value }: Comparison): void {
  const { column, lower = false } = path
  const pattern = patternOf(predicate, value)
  // Where no locale could lower the pattern in another way, the rows need not be lowered for it: half the work.
  const plain = lower && /^[ -HJ-~]*$/.test(pattern)
  const word = `${predicate.negated ? 'not ' : ''}${plain ? 'like' : 'ilike'}`
  query.whereRaw(`?? ${word} ?`, [column, plain ? pattern.toLowerCase() : pattern])
  if (predicate.negated || (predicate.many !== undefined && !lower)) return
  const ranges = rangesOf(beginningOf(predicate, String(value)), lower)
  if (ranges.length === 0) return
  query.where((any) => {
    for (const [from, before] of ranges) {
      any.orWhereRaw('(?? collate "C" >= ? and ?? collate "C" < ?)', [column, from, column, before])
    }
  })
}

function compare(query: Knex.QueryBuilder, comparison: Comparison): void {
  const { path, predicate, value } = comparison
  const { column } = path
  if (predicate.operator === 'like') alike(query, comparison)
  else if (predicate.operator === 'contains') query.whereRaw('?? @> ?::jsonb', [column, value])
  else query.where(column, predicate.how, predicate.fixed === undefined ? value : value === predicate.fixed)
}

function emptiness(query: Knex.QueryBuilder, path: FilterPath, { predicate, values }: Filter): void {
  const { column, kind } = path
  if ((values[0] === true) === predicate.negated) {
    query.whereNotNull(column)
    if (predicate.how === 'blank' && kind === 'string') query.where(column, '<>', '')
    if (predicate.how === 'blank' && kind === 'object') query.whereRaw("?? <> '{}'::jsonb", [column])
  } else {
    query.whereNull(column)
    if (predicate.how === 'blank' && kind === 'string') query.orWhere(column, '')
    if (predicate.how === 'blank' && kind === 'object') query.orWhereRaw("?? = '{}'::jsonb", [column])
  }
}

function condition(query: Knex.QueryBuilder, path: FilterPath, filter: Filter): void {
  const { predicate, values } = filter
  const { column } = path
  if (predicate.operator === 'emptiness') emptiness(query, path, filter)
  else if (predicate.many === 'in') query[predicate.negated ? 'whereNotIn' : 'whereIn'](column, [...values])
  else {
    query.where((group) => {
      for (const value of values) {
        group[predicate.many === 'any' ? 'orWhere' : 'where']((one) => compare(one, { path, predicate, value }))
      }
    })
  }
  if (predicate.orNull) query.orWhereNull(column)
}

interface Way {
  readonly path: FilterPath
  readonly filter: Filter
}

/** Conditions behind a relationship ask the target through the door, so that a hidden row cannot be guessed at. */
function behind(scope: Scope, { path: { found: _, ...path }, filter }: Way): Knex.QueryBuilder {
  const [step, ...through] = path.through
  if (step === undefined) throw new Error('the path leads nowhere')
  return scope.from(step.target).where((group) => along(group, scope, { path: { ...path, through }, filter }))
}

function along(query: Knex.QueryBuilder, scope: Scope, { path, filter }: Way): void {
  const [step] = path.through
  if (step === undefined) query.where((group) => condition(group, path, filter))
  else {
    if (path.found === undefined) query.whereIn(step.key, behind(scope, { path, filter }).select('id'))
    else query.whereIn(step.key, path.found)
    if (meetsNull(filter.predicate, filter.values)) query.orWhereNull(step.key)
  }
}

/** So many ids at most are named in a statement. */
const FEW = 100

/** Looks up what the filters ask of related rows, where few meet it: of ids that are named the planner knows how many rows
 *  each has, of a subquery it does not, and then reads the list in its order until enough have been met. */
export function lookAhead(scope: Scope, filters: readonly Filter[]): Promise<Filter[]> {
  const look = async (filter: Filter, path: FilterPath): Promise<FilterPath> => {
    if (path.through.length === 0) return path
    const found: string[] = await behind(scope, { path, filter })
      .options({ prepare: false })
      .limit(FEW + 1)
      .pluck('id')
    return found.length > FEW ? path : { ...path, found }
  }
  return Promise.all(
    filters.map(async (filter) => ({
      ...filter,
      paths: await Promise.all(filter.paths.map((path) => look(filter, path))),
    })),
  )
}

/** Narrows a closed query by the filters: all of them must hold; of OR-combined names, one. */
export function applyFilters(query: Knex.QueryBuilder, scope: Scope, filters: readonly Filter[]): void {
  // Planned anew with its values each time: how many rows meet a filter differs too much from value to value.
  if (filters.length > 0) query.options({ prepare: false })
  for (const filter of filters) {
    query.where((group) => {
      for (const path of filter.paths) group.orWhere((one) => along(one, scope, { path, filter }))
    })
  }
}

/** What filters mean that only ask columns for one of some texts; undefined where one asks for anything else. */
export function kindsOf(filters: readonly Filter[]): Kinds | undefined {
  const kinds = filters.map(({ paths: [path, ...others], predicate, values }) => {
    const { operator, negated, orNull, many = 'in' } = predicate
    const isPlain = operator === 'equal' && !negated && !orNull && many === 'in'
    if (path === undefined || others.length > 0 || path.through.length > 0 || !isPlain) return undefined
    return path.kind === 'string' ? ([path.column, values.map(String)] as const) : undefined
  })
  return kinds.every((kind) => kind !== undefined) ? kinds : undefined
}
