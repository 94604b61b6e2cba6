import type { Knex } from 'knex'
import type { Resource } from './registry.js'

/** A key of an order. */
export interface Sort {
  readonly column: string
  readonly descending: boolean
}

/** All keys of an order, by default those of the resource. Ties are broken by id, in the direction of the last key, so that
 *  pages neither repeat nor skip a row. */
export function keysOf({ definition }: Resource, sort: readonly Sort[]): readonly Sort[] {
  const fallback = definition.sort ?? 'created_at'
  const keys = sort.length > 0 ? sort : [{ column: fallback.replace(/^-/, ''), descending: fallback.startsWith('-') }]
  if (keys.some(({ column }) => column === 'id')) return keys
  return [...keys, { column: 'id', descending: keys.at(-1)?.descending === true }]
}

/** Puts rows in order, or in the opposite one. */
export function order(builder: Knex.QueryBuilder, keys: readonly Sort[], backwards = false): Knex.QueryBuilder {
  for (const { column, descending } of keys) builder.orderBy(column, descending === backwards ? 'asc' : 'desc')
  return builder
}
