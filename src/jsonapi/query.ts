import { keysOf, type Sort } from './order.js'
import { type PageQuery, parsePage } from './page.js'
import { checkCost, type Filter, parseFilter } from './query-filters.js'
import { refuse } from './refuse.js'
import { type CompiledRelationship, can, type Registry, type Resource } from './registry.js'

/** Relationship name → what to include below it. */
export interface IncludeTree extends ReadonlyMap<string, IncludeTree> {}

/** A URL's query, checked against the definitions: a value that knows no HTTP. */
export interface Query {
  /** Undefined when the parameter was not sent; an empty tree when it was sent empty. */
  readonly include: IncludeTree | undefined
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>
  /** All keys of the order; none where there is no collection. */
  readonly sort: readonly Sort[]
  readonly page: PageQuery
  readonly filters: readonly Filter[]
  /** Query parameters of our own that the endpoint allows, e.g. `reassign_to`. */
  readonly extra: ReadonlyMap<string, string>
}

export interface QueryOptions {
  readonly registry: Registry
  readonly resource: Resource
  /** Whether the endpoint answers a collection, which alone may be sorted, filtered and paged. */
  readonly collection: boolean
  /** Whether the endpoint answers resources at all, so that include and fields mean something. */
  readonly document?: boolean
  readonly extra?: readonly string[]
}

const MAX_INCLUDE_DEPTH = 3
const MAX_INCLUDES = 20
const MAX_FILTERS = 20
const MAX_SORTS = 8

/** Decodes a raw query string into its parameters. A parameter sent twice is refused: which one would count? */
function parametersOf(raw: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(raw)) {
    if (!name.isWellFormed() || !value.isWellFormed() || name.includes('\0') || value.includes('\0')) {
      throw refuse(
        name.toWellFormed().replaceAll('\0', ''),
        'BAD_REQUEST',
        'The parameter holds a NUL or broken Unicode.',
      )
    }
    if (name.includes('\uFFFD') || value.includes('\uFFFD')) {
      throw refuse(name, 'BAD_REQUEST', 'The parameter is not valid UTF-8.')
    }
    if (parameters.has(name)) throw refuse(name, 'PARAM_NOT_ALLOWED', `"${name}" is sent more than once.`)
    parameters.set(name, value)
  }
  return parameters
}

function parseInclude(options: QueryOptions, value: string): IncludeTree {
  const root = new Map<string, IncludeTree>()
  const paths = value === '' ? [] : value.split(',')
  if (paths.length > MAX_INCLUDES)
    throw refuse('include', 'INVALID_INCLUDE', `At most ${MAX_INCLUDES} paths may be included.`)
  for (const path of paths) {
    let node = root
    let resource = options.resource
    const steps = path.split('.')
    if (steps.length > MAX_INCLUDE_DEPTH) {
      throw refuse('include', 'INVALID_INCLUDE', `"${path}" is deeper than ${MAX_INCLUDE_DEPTH} relationships.`)
    }
    for (const step of steps) {
      const relationship = resource.relationships.get(step)
      if (relationship === undefined || !can(relationship, 'read')) {
        throw refuse('include', 'INVALID_INCLUDE', `"${step}" is not a relationship of ${resource.type}.`)
      }
      const below = (node.get(step) ?? new Map()) as Map<string, IncludeTree>
      node.set(step, below)
      node = below
      resource = options.registry.get(relationship.target)
    }
  }
  return root
}

const readable = (resource: Resource, name: string): boolean => {
  const field = resource.attributes.get(name) ?? resource.relationships.get(name)
  return field !== undefined && can(field, 'read')
}

function parseFields({ registry, resource }: QueryOptions, type: string, value: string): Set<string> {
  const parameter = `fields[${type}]`
  const ofType = [resource, ...registry.resources.values()].filter((one) => one.type === type)
  if (ofType.length === 0) throw refuse(parameter, 'INVALID_FIELD', `"${type}" is not a type here.`)
  const names = value === '' ? [] : value.split(',')
  for (const name of names) {
    if (name !== 'id' && !ofType.some((one) => readable(one, name))) {
      throw refuse(parameter, 'INVALID_FIELD', `"${name}" is not a field of ${type}.`)
    }
  }
  return new Set(names)
}

function parseSort(resource: Resource, value: string): Sort[] {
  const keys = value === '' ? [] : value.split(',')
  if (keys.length > MAX_SORTS)
    throw refuse('sort', 'INVALID_SORT_CRITERIA', `At most ${MAX_SORTS} keys may be sorted by.`)
  const columns = keys.map((key) => key.replace(/^-/, ''))
  const twice = columns.find((column, at) => columns.indexOf(column) !== at)
  if (twice !== undefined) throw refuse('sort', 'INVALID_SORT_CRITERIA', `"${twice}" is sorted by more than once.`)
  return keys.map((key, at) => {
    const descending = key.startsWith('-')
    const column = columns[at] as string
    const attribute = resource.attributes.get(column)
    if (column !== 'id' && (attribute === undefined || !can(attribute, 'sort'))) {
      throw refuse('sort', 'INVALID_SORT_CRITERIA', `${resource.type} cannot be sorted by "${column}".`)
    }
    return { column, descending }
  })
}

const FAMILY_CODES: Readonly<Record<string, string>> = {
  fields: 'INVALID_FIELD',
  filter: 'FILTER_NOT_ALLOWED',
  page: 'INVALID_PAGE_OBJECT',
}

function refuseUnknown(options: QueryOptions, name: string): never {
  const family = /^(fields|filter|page)(\[|$)/.exec(name)?.[1] ?? ''
  const what = options.collection ? '' : ' here: the answer is not a collection'
  throw refuse(name, FAMILY_CODES[family] ?? 'PARAM_NOT_ALLOWED', `The parameter "${name}" is not supported${what}.`)
}

/** Whether the endpoint knows a parameter of this name. */
function isKnown(options: QueryOptions, name: string): boolean {
  const { collection, document = true, extra = [] } = options
  if (extra.includes(name)) return true
  if (name === 'include' || /^fields\[[a-z_]+\]$/.test(name)) return document
  return (
    collection &&
    (name === 'sort' || /^page\[(number|size|after|before)\]$/.test(name) || /^filter\[q\]\[[^\]]*\]$/.test(name))
  )
}

/** Parses a raw query string (without `?`).
 *  @throws AppError malformed with `source.parameter` for anything unknown, doubled or out of bounds. Source: JA-16..21 */
export function parseQuery(options: QueryOptions, raw: string): Query {
  const { resource, registry } = options
  const parameters = parametersOf(raw)
  const fields = new Map<string, ReadonlySet<string>>()
  const filters: Filter[] = []
  const extra = new Map<string, string>()
  for (const [name, value] of parameters) {
    if (!isKnown(options, name)) refuseUnknown(options, name)
    const [, type] = /^fields\[(.*)\]$/.exec(name) ?? []
    const [, filter] = /^filter\[q\]\[(.*)\]$/.exec(name) ?? []
    if (type !== undefined) fields.set(type, parseFields(options, type, value))
    else if (filter !== undefined) filters.push(parseFilter({ registry, resource, parameter: name }, filter, value))
    else if (options.extra?.includes(name)) extra.set(name, value)
  }
  if (filters.length > MAX_FILTERS)
    throw refuse('filter', 'FILTER_NOT_ALLOWED', `At most ${MAX_FILTERS} filters may be set.`)
  checkCost(filters)
  const include = parameters.get('include')
  const sort = options.collection ? keysOf(resource, parseSort(resource, parameters.get('sort') ?? '')) : []
  return {
    include: include === undefined ? undefined : parseInclude(options, include),
    fields,
    sort,
    page: parsePage(parameters, resource, sort),
    filters,
    extra,
  }
}

/** The relationship of a resource that a path names, if it may be read. */
export function relationshipOf(resource: Resource, name: string): CompiledRelationship | undefined {
  const relationship = resource.relationships.get(name)
  return relationship !== undefined && can(relationship, 'read') ? relationship : undefined
}
