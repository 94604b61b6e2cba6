import type { FieldKind } from './define.js'
import { PREDICATES, type Predicate, readings, suits } from './predicates.js'
import { refuse } from './refuse.js'
import { can, type Registry, type Resource } from './registry.js'
import { instantOf, isKeepable } from './validate.js'

/** A column of a resource, reached over to-one relationships. */
export interface FilterPath {
  readonly through: readonly { readonly key: string; readonly target: string }[]
  readonly column: string
  readonly kind: FieldKind
  /** Whether the column holds no capital letter. */
  readonly lower?: boolean
  /** The ids behind the first relationship that meet the filter, where they were looked up beforehand. */
  readonly found?: readonly string[]
}

/** One condition: any of `paths` meets the predicate for the values. */
export interface Filter {
  readonly paths: readonly FilterPath[]
  readonly predicate: Predicate
  readonly values: readonly (string | number | boolean)[]
}

interface Home {
  readonly registry: Registry
  readonly resource: Resource
}

interface FilterOptions extends Home {
  /** The whole parameter, for `source.parameter`. */
  readonly parameter: string
}

const MAX_THROUGH = 3
const MAX_VALUES = 100
const MAX_VALUE_LENGTH = 1000
/** Percent signs of a pattern: PostgreSQL backtracks at each (ATTACKS J16). */
const MAX_WILDCARDS = 4
const MAX_ALTERNATIVES = 8

/** Finds `organization_name` on roles: an attribute of that name, or one behind a relationship that may be filtered by. */
function pathOf({ registry, resource }: Home, name: string, depth = 0): FilterPath | undefined {
  if (name === 'id') return { through: [], column: 'id', kind: 'string' }
  const attribute = resource.attributes.get(name)
  if (attribute !== undefined && can(attribute, 'filter')) {
    return { through: [], column: name, kind: attribute.kind, lower: attribute.options.lower === true }
  }
  if (depth === MAX_THROUGH) return undefined
  for (const relationship of resource.relationships.values()) {
    if (relationship.many || !can(relationship, 'filter') || !name.startsWith(`${relationship.name}_`)) continue
    const rest = name.slice(relationship.name.length + 1)
    const below = pathOf({ registry, resource: registry.get(relationship.target) }, rest, depth + 1)
    if (below !== undefined) {
      const step = { key: relationship.options.key, target: relationship.target }
      return { ...below, through: [step, ...below.through] }
    }
  }
  return undefined
}

function booleanOf(value: string): boolean | undefined {
  if (['true', '1', 't'].includes(value)) return true
  return ['false', '0', 'f'].includes(value) ? false : undefined
}

function jsonOf(value: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(value)
    return typeof parsed === 'object' && isKeepable(parsed) ? JSON.stringify(parsed) : undefined
  } catch {
    return undefined
  }
}

const WHOLE = /^-?\d{1,15}$/
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/

function timeOf(value: string): string | undefined {
  const [, clock, zone] = TIME.exec(value) ?? []
  if (!TIME.test(value)) return undefined
  // JavaScript takes a time without a zone for the server's own; ours is UTC everywhere.
  return instantOf(clock !== undefined && zone === undefined ? `${value}Z` : value)
}

/** A pattern that ends in half an escape is a fault to PostgreSQL, though only when a row gets that far. */
const endsInEscape = (pattern: string): boolean => (/\\*$/.exec(pattern)?.[0].length ?? 0) % 2 === 1

/** One value in the column's own kind, or undefined if it is none. */
function typedValue(predicate: Predicate, kind: FieldKind, value: string): string | number | boolean | undefined {
  if (predicate.operator === 'emptiness' || predicate.fixed !== undefined) return booleanOf(value)
  return predicate.operator === 'contains' ? jsonOf(value) : valueOfKind(kind, value)
}

/** A text of a URL in a column's own kind; undefined if it is none. */
export function valueOfKind(kind: FieldKind, value: string): string | number | boolean | undefined {
  if (kind === 'boolean') return booleanOf(value)
  if (kind === 'integer') return WHOLE.test(value) && Math.abs(Number(value)) < 2 ** 31 ? Number(value) : undefined
  if (kind === 'number') return value !== '' && Number.isFinite(Number(value)) ? Number(value) : undefined
  return kind === 'datetime' ? timeOf(value) : value
}

function valuesOf({ parameter }: FilterOptions, filter: Omit<Filter, 'values'>, raw: string): Filter['values'] {
  const { predicate, paths } = filter
  const texts = predicate.many === undefined ? [raw] : raw.split(',')
  if (texts.length > MAX_VALUES)
    throw refuse(parameter, 'INVALID_FILTER_VALUE', `At most ${MAX_VALUES} values may be given.`)
  return texts.map((text) => {
    if (text.length > MAX_VALUE_LENGTH) {
      throw refuse(parameter, 'INVALID_FILTER_VALUE', `A value may have at most ${MAX_VALUE_LENGTH} characters.`)
    }
    if (predicate.how === 'raw' && (text.match(/%/g)?.length ?? 0) > MAX_WILDCARDS) {
      throw refuse(parameter, 'INVALID_FILTER_VALUE', `A pattern may have at most ${MAX_WILDCARDS} percent signs.`)
    }
    if (predicate.how === 'raw' && endsInEscape(text)) {
      throw refuse(parameter, 'INVALID_FILTER_VALUE', 'A pattern may not end in a single backslash.')
    }
    const values = paths.map((path) => typedValue(predicate, path.kind, text))
    const [first] = values
    if (first === undefined || values.includes(undefined)) {
      throw refuse(parameter, 'INVALID_FILTER_VALUE', `"${text}" is not a value that this filter can compare with.`)
    }
    return first
  })
}

/** Parses one `filter[q][name]=value`.
 *  @throws AppError malformed for an unknown attribute or predicate, or a value that does not suit. Source: CONTRACT 2.5 */
export function parseFilter(options: FilterOptions, name: string, raw: string): Filter {
  const { parameter, resource } = options
  for (const { attributes, predicate: word } of readings(name)) {
    const predicate = PREDICATES.get(word)
    if (attributes.length > MAX_ALTERNATIVES) break
    const paths = [...new Set(attributes)].map((attribute) => pathOf(options, attribute))
    if (predicate === undefined || !paths.every((path) => path !== undefined)) continue
    const unsuited = paths.find((path) => !suits(predicate, path.kind))
    if (unsuited !== undefined) {
      throw refuse(
        parameter,
        'FILTER_NOT_ALLOWED',
        `"${word}" means nothing for "${unsuited.column}" (${unsuited.kind}).`,
      )
    }
    const filter = { paths, predicate }
    return { ...filter, values: valuesOf(options, filter, raw) }
  }
  throw refuse(
    parameter,
    'FILTER_NOT_ALLOWED',
    `"${name}" is not {attribute}_{predicate} with an attribute of ${resource.type} that may be filtered by.`,
  )
}

/** Comparisons a row that all filters of a request may ask for; a pattern counts for four (ATTACKS J16). */
const MAX_COST = 200

/** Refuses filters that together would cost too much at every row.
 *  @throws AppError malformed */
export function checkCost(filters: readonly Filter[]): void {
  const costs = filters.map(({ paths, predicate, values }) => {
    const each = predicate.operator === 'like' || predicate.operator === 'contains' ? 4 : 1
    return paths.length * (predicate.many === 'in' ? 1 : values.length) * each
  })
  if (costs.reduce((sum, cost) => sum + cost, 0) <= MAX_COST) return
  const detail = 'These filters compare too much with each record: use fewer attributes or fewer values.'
  throw refuse('filter', 'FILTER_NOT_ALLOWED', detail)
}
