import type { Knex } from 'knex'
import type { Row } from '../access/guarded.js'
import type { Query, Sort } from './query.js'
import type { Resource } from './registry.js'
import { columnsFor } from './related.js'

/** Rows before a page from which on it is reached another way than by reading them. */
const FAR = 1000

/** The keys of an order. Ties are broken by id, in the direction of the last key, so that pages neither repeat nor skip
 *  a row. */
function keysOf(resource: Resource, sort: readonly Sort[]): Sort[] {
  const fallback = resource.definition.sort ?? 'created_at'
  const keys = sort.length > 0 ? sort : [{ column: fallback.replace(/^-/, ''), descending: fallback.startsWith('-') }]
  if (keys.some(({ column }) => column === 'id')) return [...keys]
  return [...keys, { column: 'id', descending: keys.at(-1)?.descending === true }]
}

function order(builder: Knex.QueryBuilder, keys: readonly Sort[], backwards = false): Knex.QueryBuilder {
  for (const { column, descending } of keys) builder.orderBy(column, descending === backwards ? 'asc' : 'desc')
  return builder
}

/** Reads the rows of one page. `filtered` makes a closed query of all pages' rows, of which there are `total`.
 *  A far page is counted off in an index, without its rows, and from the end where that is nearer. */
export async function rowsOfPage(
  filtered: () => Knex.QueryBuilder,
  { resource, query, total }: { resource: Resource; query: Query; total: number },
): Promise<Row[]> {
  const { number, size } = query.page
  const before = (number - 1) * size
  if (before >= total) return []
  const keys = keysOf(resource, query.sort)
  const columns = columnsFor(resource, query)
  if (before < FAR) return order(filtered().select(columns), keys).limit(size).offset(before)
  const shown = Math.min(size, total - before)
  const behind = total - before - shown
  const backwards = behind < before
  // Not in one statement: as a subquery, it is asked again for every row when the planner knows too little of the table.
  const ids: string[] = await order(filtered(), keys, backwards)
    .limit(shown)
    .offset(backwards ? behind : before)
    .pluck('id')
  return order(filtered().select(columns).whereIn('id', ids), keys)
}
