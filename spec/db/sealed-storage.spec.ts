import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Service, startService } from '../support/service.js'

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

test('what is sealed for a while is not compressed, which would be in vain', async () => {
  const { rows } = await service.db.knex.raw(`select attrelid::regclass::text as table, attname as column
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relkind = 'r' and attname in ('answer', 'payload') and atttypid = 'text'::regtype and attstorage <> 'e'`)
  expect(rows).toEqual([])
})
