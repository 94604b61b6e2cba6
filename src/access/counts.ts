import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import type { RowRule } from './abilities.js'
import type { Fragment } from './fragments.js'
import type { Guarded } from './guarded.js'

/** Columns, and the values of which each must hold one. */
export type Kinds = readonly (readonly [column: string, values: readonly string[]])[]

/** What counts rows: a statement in brackets, to be asked or to be a column; its one column is `record_count`. */
export interface Counted extends Fragment {
  /** The same for knex. */
  statement(): Knex.Raw<{ rows: readonly { record_count: number }[] }>
}

/** How many rows a rule leaves, in one organization or in all of its own, without looking at the rows: from the counters
 *  that triggers keep (migrations/…_row_counts). Undefined where the rule leaves anything but whole organizations, or
 *  `kinds` has a column by which the table is not counted. */
export function countWhole(
  trx: Transaction,
  guarded: Guarded,
  { rule, within, kinds }: { rule: RowRule; within: string | undefined; kinds: Kinds },
): Counted | undefined {
  const { organizations, ...narrowing } = rule
  // A condition that is added to rules one day makes the rows be counted one by one until somebody thinks of it here.
  if (guarded.tenant !== 'organization_id' || Object.keys(narrowing).length > 0) return undefined
  if (!kinds.every(([column]) => guarded.countedBy?.includes(column))) return undefined
  const counted = within === undefined ? organizations : organizations.filter((id) => id === within)
  const ofKinds = kinds.map(() => ' and kind ->> ? = any (?)').join('')
  const sql = `(select coalesce(sum(rows), 0)::int8 as record_count from row_counts where table_name = ? and organization_id = any (?)${ofKinds})`
  const values = [guarded.table, [...counted], ...kinds.flat()]
  return { sql, values, statement: () => trx.raw(sql, values as Knex.RawBinding[]) }
}
