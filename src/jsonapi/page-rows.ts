import type { Knex } from 'knex'
import type { Counted } from '../access/counts.js'
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

interface Wanted {
  readonly resource: Resource
  readonly query: Query
  /** Whether rows are narrowed by values of the request. */
  readonly narrowed: boolean
  /** Says how many rows there are on all pages, if nobody has to count them for it. */
  readonly counted: Counted | undefined
}

/** Closed queries of all pages' rows, a new one each time. */
type Filtered = () => Knex.QueryBuilder

async function countOf(filtered: Filtered, { counted }: Wanted): Promise<number> {
  if (counted !== undefined) return (await counted).rows[0]?.record_count ?? 0
  const [told] = await filtered().count({ total: '*' })
  return Number(told?.total ?? 0)
}

const rowsBefore = ({ page: { number, size } }: Query): number => (number - 1) * size

/** A page that is near: read in its order, and no further. */
async function nearRows(filtered: Filtered, { resource, query, narrowed, counted }: Wanted): Promise<Row[]> {
  const builder = order(filtered().select(columnsFor(resource, query)), keysOf(resource, query.sort))
  // Beside each row, for one statement less; PostgreSQL asks it once.
  if (counted !== undefined) builder.select(counted)
  // Of a bound limit the planner expects a tenth of the table, and so it plans the statement anew each time. That is right
  // where values may be rare or common; of all rows a page is the same for all callers, and its limit in the text.
  return builder.limit(query.page.size, { skipBinding: !narrowed }).offset(rowsBefore(query))
}

/** A far page is counted off in an index, without its rows, and from the end where that is nearer. */
async function farRows(filtered: Filtered, wanted: Wanted, total: number): Promise<Row[]> {
  const { resource, query } = wanted
  const before = rowsBefore(query)
  const shown = Math.min(query.page.size, total - before)
  const behind = total - before - shown
  const backwards = behind < before
  const keys = keysOf(resource, query.sort)
  // Not in one statement: as a subquery, it is asked again for every row when the planner knows too little of the table.
  const ids: string[] = await order(filtered(), keys, backwards)
    .limit(shown)
    .offset(backwards ? behind : before)
    .pluck('id')
  return order(filtered().select(columnsFor(resource, query)).whereIn('id', ids), keys)
}

/** Reads the rows of one page, and how many there are on all. A page that is not full tells by itself, so that what few
 *  rows meet is looked for once. */
export async function readPage(filtered: Filtered, wanted: Wanted): Promise<{ rows: Row[]; total: number }> {
  const { query, counted } = wanted
  const before = rowsBefore(query)
  if (before < FAR) {
    const rows = await nearRows(filtered, wanted)
    const [first] = rows
    if (first === undefined ? before === 0 : rows.length < query.page.size) return { rows, total: before + rows.length }
    if (first !== undefined && counted !== undefined) return { rows, total: Number(first.record_count) }
    return { rows, total: await countOf(filtered, wanted) }
  }
  const total = await countOf(filtered, wanted)
  return { rows: before < total ? await farRows(filtered, wanted, total) : [], total }
}
