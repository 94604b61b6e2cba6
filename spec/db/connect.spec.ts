import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Database } from '../../src/db/connect.js'
import { specDatabase } from '../support/database.js'

let db: Database
beforeAll(async () => {
  db = await specDatabase()
})
afterAll(() => db.close())

describe('values from the database', () => {
  it('come as text, numbers and parsed json', async () => {
    const { rows } = await db.knex.raw(`select timestamptz '2020-01-02 03:04:05.6789+02' as time, 3::bigint as big,
      '{"a":[1]}'::jsonb as json, array[timestamptz '2020-01-01 00:00:00Z', null] as times, array[1::bigint] as bigs,
      date '2020-01-02' as day, count(*) as count from (values (1), (2)) as two`)
    expect(rows[0]).toEqual({
      time: '2020-01-02T01:04:05.678Z',
      big: 3,
      json: { a: [1] },
      times: ['2020-01-01T00:00:00.000Z', null],
      bigs: [1],
      day: '2020-01-02',
      count: 2,
    })
  })
})
