import type { Knex } from 'knex'
import type { Context } from '../access/context.js'
import type { Counted } from '../access/counts.js'
import type { Row } from '../access/guarded.js'
import type { By } from '../access/scope.js'
import { recordNotFound } from '../errors.js'
import { applyFilters, kindsOf, lookAhead } from './filters.js'
import { type Found, withIncludes } from './include.js'
import { readPage } from './page-rows.js'
import type { CompiledRelationship, Resource } from './registry.js'
import { columnsFor, narrowToMany, type Reading } from './related.js'

export interface Page extends Found {
  /** Rows that the filters leave, on all pages. */
  readonly total: number
  /** Whether there are more behind a page that begins or ends at a cursor. */
  readonly more?: boolean
}

/** The near end of a to-many relationship whose far end is read. */
export interface Near {
  readonly relationship: CompiledRelationship
  readonly parent: Row
}

/** Whether the far end is all that the near one, an organization, has of a type. */
const isWhole = ({ options }: CompiledRelationship): boolean =>
  options.key === 'organization_id' && options.through === undefined && options.where === undefined

/** The rows of a collection on all pages, if they are counted already. */
function countedTotal({ ctx, query }: Reading, resource: Resource, near?: Near): Counted | undefined {
  const kinds = kindsOf(query.filters)
  if (kinds === undefined || (near !== undefined && !isWhole(near.relationship))) return undefined
  return ctx.scope.total(resource.name, near?.parent.id, kinds)
}

/** Reads one page of a collection: of all, or of the far end of a relationship. */
export async function readCollection(reading: Reading, resource: Resource, near?: Near): Promise<Page> {
  const { ctx, query } = reading
  const filters = await lookAhead(ctx.scope, query.filters)
  const filtered = (): Knex.QueryBuilder => {
    const builder = ctx.scope.from(resource.name)
    if (near !== undefined) narrowToMany(builder, near.relationship, { ids: [near.parent.id], scope: ctx.scope })
    applyFilters(builder, ctx.scope, filters)
    return builder
  }
  const counted = countedTotal(reading, resource, near)
  const whole = near === undefined && filters.length === 0 ? ctx.scope : undefined
  const { rows, ...told } = await readPage(filtered, { resource, query, whole, counted })
  return { ...(await withIncludes(reading, resource, rows)), ...told }
}

/** Reads one row. */
export async function readOne(reading: Reading, resource: Resource, id: string): Promise<Found> {
  const row = await reading.ctx.scope.one(resource.name, id)
  return withIncludes(reading, resource, [row])
}

/** Reads the row that a write has made or changed: a creator sees it by the right to create, if not to read. */
export async function readWritten(
  reading: Reading,
  resource: Resource,
  written: { id: string; by: By },
): Promise<Found> {
  const row = await reading.ctx.scope.by(written.by).one(resource.name, written.id)
  return withIncludes(reading, resource, [row])
}

/** Reads the far side of a to-one relationship: no row where nothing is related, or nothing that may be seen. */
export async function readRelated(reading: Reading, relationship: CompiledRelationship, parent: Row): Promise<Found> {
  const target = reading.registry.get(relationship.target)
  const id = parent[relationship.options.key] as string | null
  const builder = reading.ctx.scope.from(target.name).select(columnsFor(target, reading.query))
  return withIncludes(reading, target, id === null ? [] : await builder.where({ id }))
}

/** The id of a singleton's row.
 *  @throws AppError not_found when the token has none (a machine has no user) */
export function singletonId(resource: Resource, ctx: Context): string {
  const id = resource.definition.singleton?.(ctx)
  if (id === undefined) throw recordNotFound()
  return id
}
