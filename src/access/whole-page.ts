import type { Transaction } from '../db/queries.js'
import type { RowRule } from './abilities.js'
import { closedFragment } from './closed.js'
import type { Counted } from './counts.js'
import type { Guarded, Row } from './guarded.js'

/** Which of the rows in their order, and what of them. Rows that come before the page are counted. */
export interface WholePage {
  readonly columns: readonly string[]
  readonly order: readonly { readonly column: string; readonly descending: boolean }[]
  readonly size: number
  readonly before: number
  /** Beside each row: how many there are on all pages. */
  readonly counted: Counted | undefined
}

const names = new WeakMap<Guarded, ReadonlySet<string>>()

/** A column of those that may leave, and nothing else, whoever asks. */
function quoted(guarded: Guarded, column: string): string {
  const known = names.get(guarded) ?? new Set(guarded.columns.map(({ name }) => name))
  names.set(guarded, known)
  if (!known.has(column)) throw new Error(`${guarded.subject} has no column ${column}`)
  return `"${column}"`
}

/** Reads a page of all rows that a rule names, in one text: the lists that are asked for most need no building by knex, which
 *  takes a tenth of their time (docs/performance.md). */
export function readWholePage(
  trx: Transaction,
  guarded: Guarded,
  { rule, page }: { rule: RowRule; page: WholePage },
): Promise<Row[]> {
  const { columns, order, size, before, counted } = page
  const rows = closedFragment(guarded, rule)
  const shown = columns.map((column) => quoted(guarded, column))
  if (counted !== undefined) shown.push(counted.sql)
  const keys = order.map(({ column, descending }) => `${quoted(guarded, column)} ${descending ? 'desc' : 'asc'}`)
  // The limit stands in the text: of a bound one the planner expects a tenth of the table, and plans anew each time.
  const sql = `select ${shown.join(', ')} from ${rows.sql} order by ${keys.join(', ')} limit ${size}`
  const values = [...(counted?.values ?? []), ...rows.values]
  return before === 0 ? trx.ask(sql, values) : trx.ask(`${sql} offset ?`, [...values, before])
}
