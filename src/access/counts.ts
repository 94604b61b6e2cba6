import type { Knex } from 'knex'
import type { RowRule } from './abilities.js'
import type { Guarded } from './guarded.js'

/** How many rows a rule leaves, in one organization or in all of its own, without looking at the rows: from the counters
 *  that triggers keep (migrations/…_row_counts). Undefined where the rule leaves anything but whole organizations. */
export async function countWhole(
  trx: Knex.Transaction,
  guarded: Guarded,
  { rule, within }: { rule: RowRule; within: string | undefined },
): Promise<number | undefined> {
  const { organizations, ...narrowing } = rule
  // A condition that is added to rules one day makes the rows be counted one by one until somebody thinks of it here.
  if (guarded.tenant !== 'organization_id' || Object.keys(narrowing).length > 0) return undefined
  const counted = within === undefined ? organizations : organizations.filter((id) => id === within)
  const { rows } = await trx.raw<{ rows: { total: string | null }[] }>(
    'select sum(rows) as total from row_counts where table_name = ? and organization_id = any (?)',
    [guarded.table, [...counted] as unknown as string],
  )
  return Number(rows[0]?.total ?? 0)
}
