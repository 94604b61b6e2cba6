import type { Knex } from 'knex'
import type { Counted } from '../access/counts.js'
import type { Row } from '../access/guarded.js'
import type { Scope } from '../access/scope.js'
import { type Cursor, narrowTo } from './cursor.js'
import { order } from './order.js'
import type { Query } from './query.js'
import type { Resource } from './registry.js'
import { columnsFor } from './related.js'

/** Rows before a page from which on it is reached another way than by reading them. */
const FAR = 1000

interface Wanted {
  readonly resource: Resource
  readonly query: Query
  /** Says how many rows there are on all pages, if nobody has to count them for it. */
  readonly counted: Counted | undefined
  /** Reads pages of all rows, if nothing in the request narrows them. */
  readonly whole: Scope | undefined
}

/** Closed queries of all pages' rows, a new one each time. */
type Filtered = () => Knex.QueryBuilder

async function countOf(filtered: Filtered, { counted }: Wanted): Promise<number> {
  if (counted !== undefined) return (await counted.statement()).rows[0]?.record_count ?? 0
  const [told] = await filtered().count({ total: '*' })
  return Number(told?.total ?? 0)
}

const rowsBefore = ({ page: { number, size } }: Query): number => (number - 1) * size

/** Rows in their order, or in the opposite one, with all that an answer needs. */
function rowsInOrder(filtered: Filtered, { resource, query, counted }: Wanted, backwards = false): Knex.QueryBuilder {
  const builder = order(filtered().select(columnsFor(resource, query)), query.sort, backwards)
  // The count beside each row, for one statement less; PostgreSQL asks it once.
  return counted === undefined ? builder : builder.select(counted.statement())
}

/** How many rows there are on all pages, if it stands beside those that were read. */
const countBeside = ([row]: readonly Row[], { counted }: Wanted): number | undefined =>
  row === undefined || counted === undefined ? undefined : Number(row.record_count)

/** A page that is near: read in its order, and no further. */
async function nearRows(filtered: Filtered, wanted: Wanted): Promise<Row[]> {
  const { resource, query, counted, whole } = wanted
  const before = rowsBefore(query)
  if (whole !== undefined) {
    const columns = columnsFor(resource, query)
    return whole.page(resource.name, { columns, order: query.sort, size: query.page.size, before, counted })
  }
  // A bound limit: the planner plans anew each time, which is right where values may be rare or common.
  return rowsInOrder(filtered, wanted).limit(query.page.size).offset(before)
}

/** A far page is counted off in an index, without its rows, and from the end where that is nearer. */
async function farRows(filtered: Filtered, wanted: Wanted, total: number): Promise<Row[]> {
  const { resource, query } = wanted
  const before = rowsBefore(query)
  const shown = Math.min(query.page.size, total - before)
  const behind = total - before - shown
  const backwards = behind < before
  // Not in one statement: as a subquery, it is asked again for every row when the planner knows too little of the table.
  const ids: string[] = await order(filtered(), query.sort, backwards)
    .limit(shown)
    .offset(backwards ? behind : before)
    .pluck('id')
  return order(filtered().select(columnsFor(resource, query)).whereIn('id', ids), query.sort)
}

/** Rows of one page. */
export interface PageRows {
  readonly rows: Row[]
  /** How many there are on all pages. */
  readonly total: number
  /** Whether there are more behind a page that begins or ends at a cursor. */
  readonly more?: boolean
}

/** The rows beside a cursor, and one more, which tells whether there are more. */
async function cursorRows(filtered: Filtered, wanted: Wanted & { readonly cursor: Cursor }): Promise<PageRows> {
  const { query, cursor } = wanted
  const backwards = cursor.side === 'before'
  const builder = rowsInOrder(filtered, wanted, backwards).limit(query.page.size + 1, { skipBinding: true })
  narrowTo(builder, query.sort, cursor)
  const found: Row[] = await builder
  const rows = found.slice(0, query.page.size)
  const total = countBeside(found, wanted) ?? (await countOf(filtered, wanted))
  return { rows: backwards ? rows.reverse() : rows, total, more: found.length > rows.length }
}

/** Reads the rows of one page, and how many there are on all. A page that is not full tells by itself, so that what few
 *  rows meet is looked for once. */
export async function readPage(filtered: Filtered, wanted: Wanted): Promise<PageRows> {
  const { size, cursor } = wanted.query.page
  if (cursor !== undefined) return cursorRows(filtered, { ...wanted, cursor })
  const before = rowsBefore(wanted.query)
  if (before < FAR) {
    const rows = await nearRows(filtered, wanted)
    if (rows.length < size && (rows.length > 0 || before === 0)) return { rows, total: before + rows.length }
    return { rows, total: countBeside(rows, wanted) ?? (await countOf(filtered, wanted)) }
  }
  const total = await countOf(filtered, wanted)
  return { rows: before < total ? await farRows(filtered, wanted, total) : [], total }
}
