import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { newId } from '../ids.js'
import type { Guarded, Row } from './guarded.js'
import { type Principal, whoIs } from './principal.js'

export type VersionEvent = 'create' | 'update' | 'destroy'
export type Changes = Record<string, [before: unknown, after: unknown]>

/** Columns that say nothing about what changed. */
const SILENT = new Set(['id', 'organization_id', 'created_at', 'updated_at'])

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)

/** The visible columns that differ between two states of a row. A column that the door does not show (a secret's hash)
 *  is never in it. */
export function changesBetween(guarded: Guarded, before: Partial<Row>, after: Partial<Row>): Changes {
  const names = guarded.columns.filter(({ sql, written, name }) => (sql === undefined || written) && !SILENT.has(name))
  const changed = names.filter(({ name }) => name in after && !same(before[name], after[name]))
  return Object.fromEntries(changed.map(({ name }) => [name, [before[name] ?? null, after[name] ?? null]]))
}

/** One change of one row. */
export interface Change {
  readonly row: Row
  readonly event: VersionEvent
  readonly changes: Changes
}

/** Who makes the changes, and when. */
export interface Author {
  readonly principal: Principal
  readonly requestId: string
  readonly now: Date
}

/** Makes the changes and writes the one `versions` row of each, in one statement. Source: DECISIONS 6, CONTRACT 3.10. */
export async function writeWithVersions(
  trx: Transaction,
  guarded: Guarded,
  { write, changes, author }: { write: Knex.QueryBuilder; changes: readonly Change[]; author: Author },
): Promise<void> {
  const { tenant, versionedAs } = guarded
  if (versionedAs === false || changes.length === 0) return write
  const { principal, requestId, now } = author
  const who = JSON.stringify(whoIs(principal))
  const rows = changes.map(({ row, event, changes: changed }) => ({
    id: newId(),
    event,
    changes: JSON.stringify(changed),
    who,
    request_id: requestId,
    created_at: now,
    // A user is in no organization: its history has a table of its own (see ARCHITECTURE.md).
    ...(tenant === 'user'
      ? { user_id: row.id }
      : { organization_id: row[tenant], resource_type: versionedAs, resource_id: row.id }),
  }))
  await trx(tenant === 'user' ? 'user_versions' : 'versions')
    .with('written', write)
    .insert(rows)
}
