import type { Guarded, Row } from './guarded.js'

/** jsonb columns take text; the driver would turn an array into a PostgreSQL array. */
export const encode = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value,
    ]),
  )

/** Whether its rows say when they last changed. */
export const isStamped = ({ columns }: Guarded): boolean => columns.some(({ name }) => name === 'updated_at')

/** The time of a change, later than that of the row's last one even within a millisecond: entity tags are made of it. */
export function stampAfter(row: Row, now: Date): Date {
  const last = Date.parse(String(row.updated_at))
  return last >= now.getTime() ? new Date(last + 1) : now
}

/** What names one row: in a tenant's table never its id alone. */
export const keyOf = (guarded: Guarded, row: Row): Record<string, unknown> =>
  guarded.tenant === 'organization_id' ? { organization_id: row.organization_id, id: row.id } : { id: row.id }
