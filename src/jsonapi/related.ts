import type { Knex } from 'knex'
import type { Context } from '../access/context.js'
import type { Row } from '../access/guarded.js'
import type { Scope } from '../access/scope.js'
import { AppError, atParameter } from '../errors.js'
import type { Query } from './query.js'
import { refuse } from './refuse.js'
import { type CompiledRelationship, type Registry, type Resource, wanted } from './registry.js'

/** A row with what was loaded along its relationships. A relationship that is absent here was not asked for. */
export interface Loaded {
  readonly resource: Resource
  readonly row: Row
  readonly links: Map<string, Loaded | null | readonly Loaded[]>
}

/** Related rows that one answer may carry along; more are for the related endpoint with its pages. */
export const MAX_INCLUDED = 2000

/** What every read works with. */
export interface Reading {
  readonly ctx: Context
  readonly registry: Registry
  readonly query: Query
}

/** Columns that an answer needs: the wanted attributes, and the keys by which relationships are loaded. */
export function columnsFor(resource: Resource, query: Query): string[] {
  const names = new Set(['id'])
  for (const attribute of resource.attributes.values()) {
    if (attribute.stored && wanted(resource, query.fields, attribute.name)) names.add(attribute.name)
  }
  if (query.include !== undefined)
    for (const { many, options } of resource.relationships.values()) if (!many) names.add(options.key)
  for (const { column } of query.sort) names.add(column)
  return [...names]
}

/** Rows on the far side of a to-many relationship. */
export function narrowToMany(
  builder: Knex.QueryBuilder,
  { options }: CompiledRelationship,
  { ids, scope }: { ids: readonly string[]; scope: Scope },
): void {
  const { through, key, where } = options
  if (through === undefined) builder.whereIn(key, [...ids])
  else
    builder.whereIn(
      'id',
      scope
        .from(through.subject)
        .whereIn(through.near, [...ids])
        .select(through.far),
    )
  if (where !== undefined) builder.where(where)
}

/** Which far rows belong to which near ones, where a table of pairs stands between. */
export async function pairsOf({ ctx }: Reading, { options }: CompiledRelationship, ids: readonly string[]) {
  const { through } = options
  if (through === undefined) return undefined
  const { subject, near, far } = through
  const rows: Row[] = await ctx.scope
    .from(subject)
    .whereIn(near, [...ids])
    .select('id', near, far)
  return rows.map((row) => ({ near: String(row[near]), far: String(row[far]) }))
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

/** Rows on the far side of a relationship of these rows, in one query, whatever their number.
 *  @throws AppError malformed (400) when they are too many, forbidden (403) */
export async function loadRelated(
  reading: Reading,
  relationship: CompiledRelationship,
  parents: readonly Loaded[],
): Promise<Row[]> {
  const { many, options } = relationship
  const ids = parents.map(({ row }) => (many ? row.id : (row[options.key] as string | null)))
  const keys = [...new Set(ids.filter((id) => id !== null))]
  if (keys.length === 0) return []
  const builder = targetOf(reading, relationship)
  // One text, and so one plan, whatever the number of ids.
  if (!many) return builder.whereRaw('?? = any(?)', ['id', keys as unknown as string])
  narrowToMany(builder, relationship, { ids: keys, scope: reading.ctx.scope })
  const rows: Row[] = await builder
    .orderBy('created_at')
    .orderBy('id')
    .limit(MAX_INCLUDED + 1, { skipBinding: true })
  if (rows.length <= MAX_INCLUDED) return rows
  const detail = `"${relationship.name}" has more than ${MAX_INCLUDED} records here: read them page by page at the related link.`
  throw refuse('include', 'INVALID_INCLUDE', detail)
}

/** Ids that belong together; undefined where no table stands between. */
export type Pairs = Awaited<ReturnType<typeof pairsOf>>
