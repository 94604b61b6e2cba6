import type { Knex } from 'knex'
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
  const names = guarded.columns.filter((column) => column.sql === undefined && !SILENT.has(column.name))
  const changed = names.filter(({ name }) => name in after && !same(before[name], after[name]))
  return Object.fromEntries(changed.map(({ name }) => [name, [before[name] ?? null, after[name] ?? null]]))
}

/** Writes the one `versions` row of a change, in the change's own transaction. Source: DECISIONS 6, CONTRACT 3.10. */
export async function writeVersion(
  trx: Knex.Transaction,
  guarded: Guarded,
  change: {
    row: Row
    event: VersionEvent
    changes: Changes
    principal: Principal
    requestId: string
    now: Date
  },
): Promise<void> {
  if (guarded.versionedAs === false) return
  const { row, event, changes, principal, requestId, now } = change
  const common = {
    id: newId(),
    event,
    changes: JSON.stringify(changes),
    who: JSON.stringify(whoIs(principal)),
    request_id: requestId,
    created_at: now,
  }
  // A user is in no organization: its history has a table of its own (see ARCHITECTURE.md).
  if (guarded.tenant === 'user') await trx('user_versions').insert({ ...common, user_id: row.id })
  else {
    const organizationId = row[guarded.tenant]
    const resource = { resource_type: guarded.versionedAs, resource_id: row.id }
    await trx('versions').insert({ ...common, organization_id: organizationId, ...resource })
  }
}
