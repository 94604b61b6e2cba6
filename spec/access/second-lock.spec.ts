import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Database } from '../../src/db/connect.js'
import { transaction } from '../../src/db/transaction.js'
import { newId } from '../../src/ids.js'
import { anOrganization, asRole } from '../support/credentials.js'
import { specDatabase } from '../support/database.js'

// DESIGN 3.6, the second lock by itself: what PostgreSQL shows the api role of whatever is asked without a door.

let db: Database
let mine: string[]
let foreign: string
beforeAll(async () => {
  db = await specDatabase()
  const made = await Promise.all(Array.from({ length: 4 }, () => anOrganization(db)))
  const ids = made.map(({ id }) => id)
  foreign = ids.pop() as string
  mine = ids
})
afterAll(() => db.close())

const within = (ids: readonly string[]) => ({ role: 'api' as const, organizationId: ids.join(',') })
const seen = (ids: readonly string[], table = 'roles', key = 'organization_id'): Promise<string[]> =>
  asRole(db, within(ids), (trx) => trx(table).distinct(key).pluck(key))
const added = (ids: readonly string[], organization_id: string): Promise<unknown> => {
  const stamps = { created_at: new Date(), updated_at: new Date() }
  const role = { organization_id, id: newId(), name: newId(), kind: 'custom', ...stamps }
  return asRole(db, within(ids), (trx) => trx('roles').insert(role))
}

describe('DESIGN 3.6 row security shows the organizations of the transaction', () => {
  test('one, or the first, the middle and the last of several, and no other', async () => {
    for (const ids of [[mine[1] as string], mine]) {
      expect((await seen(ids)).sort()).toEqual([...ids].sort())
      expect((await seen(ids, 'organizations', 'id')).sort()).toEqual([...ids].sort())
    }
  })

  test('none where none is named, or nothing was set', async () => {
    expect(await seen([])).toEqual([])
    const unset = await transaction(db.knex, async (trx) => {
      await trx.raw('set local role gatehouse_api')
      return trx('roles').pluck('id')
    })
    expect(unset).toEqual([])
  })

  test('none of whose id contains, begins or ends what is named', async () => {
    const [id = ''] = mine
    expect(await seen([id.slice(1), id.slice(0, -1), `${id}x`, `"${id}"`, `{${id}}`, '%', id.toUpperCase()])).toEqual(
      [],
    )
  })

  test('a row is added to each of several, and to no other', async () => {
    for (const id of mine) await added(mine, id)
    for (const ids of [mine, [mine[0] as string], []])
      await expect(added(ids, foreign)).rejects.toThrow('row-level security')
  })

  test('a row is not moved to another organization', async () => {
    const [id = ''] = mine
    const moved = asRole(db, within(mine), (trx) =>
      trx('roles').where({ organization_id: id }).update({ name: newId() }),
    )
    await expect(moved).resolves.toBeGreaterThan(0)
    const away = asRole(db, within(mine), (trx) =>
      trx('roles').where({ organization_id: id }).update({ organization_id: foreign }),
    )
    await expect(away).rejects.toThrow(/row-level security|permission denied/)
  })
})

test('whether a row is of 20,000 organizations is not found out by comparing it with each', async () => {
  const many = Array.from({ length: 20_000 }, newId)
  const { rows } = await asRole(db, within([...many, ...mine]), (trx) =>
    trx.raw<{ rows: { 'QUERY PLAN': string }[] }>('explain (costs off) select id from roles'),
  )
  const filter = rows.map((row) => row['QUERY PLAN']).find((line) => line.includes('Filter:'))
  expect(filter).toMatch(/-> organization_id\) IS NOT NULL/)
  expect(filter).not.toMatch(/ANY/)
})
