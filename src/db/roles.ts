import type { Knex } from 'knex'
import type { Transaction } from './queries.js'
import { inTransaction } from './transaction.js'

/** The two database roles that serve requests. Source: DESIGN 3.6; made by migrations/…_roles. */
export type DatabaseRole = 'gatehouse_api' | 'gatehouse_auth'

/** Makes a transaction one of `gatehouse_auth`. */
export const SET_AUTH = 'set local role gatehouse_auth'

/** Runs `work` in a transaction as `gatehouse_auth`, which sees the authorization server's few tables and nothing else. */
export function asAuth<T>(knex: Knex, work: (trx: Transaction) => Promise<T>): Promise<T> {
  return inTransaction(knex, async (trx) => {
    await trx.raw(SET_AUTH).options({ prologue: true })
    return work(trx)
  })
}
