import type { Knex } from 'knex'
import type { Context } from '../access/context.js'
import type { Row } from '../access/guarded.js'
import { AppError, atParameter } from '../errors.js'
import { groupBy } from './group.js'
import type { IncludeTree, Query } from './query.js'
import { type CompiledRelationship, type Registry, type Resource, wanted } from './registry.js'

/** A row with what was loaded along its relationships. A relationship that is absent here was not asked for. */
export interface Loaded {
  readonly resource: Resource
  readonly row: Row
  readonly links: Map<string, Loaded | null | readonly Loaded[]>
}

/** What a read found: the primary rows and, each once, everything that came with them. */
export interface Found {
  readonly primary: readonly Loaded[]
  readonly included: readonly Loaded[]
}

/** Related rows that one answer may carry along; more are for the related endpoint with its pages. */
const MAX_INCLUDED = 1000

/** What every read works with. */
export interface Reading {
  readonly ctx: Context
  readonly registry: Registry
  readonly query: Query
}

const keyOf = (resource: Resource, id: string): string => `${resource.type} ${id}`

/** Columns that an answer needs: the wanted attributes, and the keys by which relationships are loaded. */
export function columnsFor(resource: Resource, query: Query): string[] {
  const names = new Set(['id'])
  if (resource.guarded.tenant === 'organization_id') names.add('organization_id')
  for (const attribute of resource.attributes.values()) {
    if (attribute.stored && wanted(resource, query.fields, attribute.name)) names.add(attribute.name)
  }
  for (const { many, options } of resource.relationships.values()) if (!many) names.add(options.key)
  for (const { column } of query.sort) names.add(column)
  return [...names]
}

/** Rows on the far side of a to-many relationship. */
export function narrowToMany(
  builder: Knex.QueryBuilder,
  relationship: CompiledRelationship,
  ids: readonly string[],
): void {
  builder.whereIn(relationship.options.key, [...ids])
  if (relationship.options.where !== undefined) builder.where(relationship.options.where)
}

/** The target of an include, behind the door; what the caller may not read at all is refused by name. */
function targetOf(reading: Reading, relationship: CompiledRelationship): Knex.QueryBuilder {
  const target = reading.registry.get(relationship.target)
  try {
    const columns = new Set(columnsFor(target, { ...reading.query, sort: [] }))
    if (relationship.many) columns.add(relationship.options.key)
    return reading.ctx.scope.from(target.name).select([...columns])
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const detail = `You may not read ${relationship.target}, so "${relationship.name}" cannot be included.`
    throw new AppError('forbidden', { detail, source: atParameter('include') })
  }
}

async function loadRelated(
  reading: Reading,
  relationship: CompiledRelationship,
  parents: readonly Loaded[],
): Promise<Row[]> {
  const { many, options } = relationship
  const ids = parents.map(({ row }) => (many ? row.id : (row[options.key] as string | null)))
  const keys = [...new Set(ids.filter((id) => id !== null))]
  if (keys.length === 0) return []
  const builder = targetOf(reading, relationship)
  if (!many) return builder.whereIn('id', keys)
  narrowToMany(builder, relationship, keys)
  const rows: Row[] = await builder
    .orderBy('created_at')
    .orderBy('id')
    .limit(MAX_INCLUDED + 1)
  if (rows.length <= MAX_INCLUDED) return rows
  const detail = `"${relationship.name}" has more than ${MAX_INCLUDED} records here: read them page by page at the related link.`
  throw new AppError('malformed', { code: 'INVALID_INCLUDE', detail, source: atParameter('include') })
}

function attach(relationship: CompiledRelationship, parents: readonly Loaded[], children: readonly Loaded[]): void {
  const { name, many, options } = relationship
  if (many) {
    const byParent = groupBy(children, ({ row }) => row[options.key])
    for (const parent of parents) parent.links.set(name, byParent.get(parent.row.id) ?? [])
    return
  }
  const byId = new Map(children.map((child) => [child.row.id, child]))
  for (const parent of parents) {
    const id = parent.row[options.key] as string | null
    const child = id === null ? null : byId.get(id)
    // A target that the caller may not see stays without linkage: its links remain, its id does not leave.
    if (child !== undefined) parent.links.set(name, child)
  }
}

interface Loading {
  readonly reading: Reading
  /** Everything loaded so far, each row once, by type and id. */
  readonly store: Map<string, Loaded>
}

/** Loads an include tree: one query for each relationship at each depth, whatever the number of rows. */
async function loadTree(loading: Loading, parents: readonly Loaded[], tree: IncludeTree): Promise<void> {
  const { reading, store } = loading
  const [first] = parents
  if (first === undefined) return
  for (const [name, below] of tree) {
    const relationship = first.resource.relationships.get(name)
    if (relationship === undefined) continue
    const target = reading.registry.get(relationship.target)
    const rows = await loadRelated(reading, relationship, parents)
    const children = rows.map((row) => {
      const key = keyOf(target, row.id)
      const known = store.get(key) ?? { resource: target, row, links: new Map() }
      store.set(key, known)
      return known
    })
    attach(relationship, parents, children)
    await loadTree(loading, children, below)
  }
}

/** Rows with what the request includes, each row once. */
export async function withIncludes(reading: Reading, resource: Resource, rows: readonly Row[]): Promise<Found> {
  const primary = rows.map((row): Loaded => ({ resource, row, links: new Map() }))
  const store = new Map(primary.map((loaded) => [keyOf(resource, loaded.row.id), loaded]))
  if (reading.query.include !== undefined) await loadTree({ reading, store }, primary, reading.query.include)
  const own = new Set(primary)
  return { primary, included: [...store.values()].filter((loaded) => !own.has(loaded)) }
}
