import type { Database } from '../../src/db/connect.js'

/** What knex tells of a statement. */
export interface Told {
  readonly sql: string
  readonly bindings?: readonly unknown[]
  readonly __knexTxId?: string
}

/** Calls `listener` for each statement that is asked of the pools of a database, until what it answers is called. */
export function hearQueries(
  { knex, auth }: Pick<Database, 'knex' | 'auth'>,
  listener: (told: Told) => void,
): () => void {
  const pools = [...new Set([knex, auth])]
  for (const pool of pools) pool.on('query', listener)
  return () => {
    for (const pool of pools) pool.off('query', listener)
  }
}
