import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { checkLocks } from '../../src/db/check-locks.js'
import type { Database } from '../../src/db/connect.js'
import { specDatabase } from '../support/database.js'

let db: Database
beforeAll(async () => {
  db = await specDatabase()
})
afterAll(() => db.close())

/** What the check says of a database in which `sql` was run; nothing of it stays. */
async function verdict(sql: string): Promise<string> {
  const trx = await db.knex.transaction()
  try {
    if (sql !== '') await trx.raw(sql)
    await checkLocks(trx)
    return 'fine'
  } catch (error) {
    return (error as Error).message
  } finally {
    await trx.rollback()
  }
}

describe('a database whose second lock is open is refused at the start', () => {
  test('ours is whole', async () => {
    expect(await verdict('')).toBe('fine')
  })

  test('row security that is not forced is named', async () => {
    expect(await verdict('alter table memberships no force row level security')).toContain(
      'table memberships does not force row-level security',
    )
  })

  test('a guard that belongs to somebody else is named, as after a restore without owners', async () => {
    const said = await verdict('alter function keep_an_owner() owner to current_user')
    expect(said).toContain('function keep_an_owner does not belong to gatehouse_definer')
    expect(said).toContain('--no-owner')
  })
})
