import type { Knex } from 'knex'

interface Pool {
  readonly max: number
  numUsed(): number
  numFree(): number
  numPendingAcquires(): number
}

/** How a pool stands. */
export interface PoolState {
  readonly used: number
  readonly free: number
  /** The most that it may have. */
  readonly most: number
  /** Who waits for a connection. */
  readonly waiting: number
}

/** Looks at the pool of a knex. A pool that is closed has nothing. */
export function poolOf(knex: Knex): PoolState {
  const { pool } = knex.client as { pool?: Pool }
  if (!pool) return { used: 0, free: 0, most: 0, waiting: 0 }
  return { used: pool.numUsed(), free: pool.numFree(), most: pool.max, waiting: pool.numPendingAcquires() }
}
