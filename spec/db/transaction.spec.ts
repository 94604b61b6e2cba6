import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connect, type Database } from '../../src/db/connect.js'
import { inTransaction, TRANSACTION_MS } from '../../src/db/transaction.js'
import { OVERLAP_MS } from '../../src/tokens/revocation-mirror.js'
import { createDatabase, realPostgres, specDatabase } from '../support/database.js'

let db: Database
beforeAll(async () => {
  db = await specDatabase()
})
afterAll(() => db.close())

const row = (topic: string) => ({ topic, not_before: new Date(), expires_at: new Date(Date.now() + 3_600_000) })
const pause = (ms: number): Promise<void> => new Promise((later) => setTimeout(later, ms))

test('F11 what would commit after the deadline is rolled back: no revocation comes later than the mirror looks back', async () => {
  let wentOn = false
  const late = inTransaction(
    db.knex,
    async (trx) => {
      await trx('revocations').insert(row('user:too-late'))
      await pause(400)
      wentOn = await trx.raw('select 1').then(
        () => true,
        () => false,
      )
    },
    200,
  )
  await expect(late).rejects.toMatchObject({ kind: 'unavailable', headers: { 'Retry-After': '1' } })
  await pause(300)
  expect(wentOn).toBe(false)
  expect(await db.knex('revocations').where({ topic: 'user:too-late' })).toEqual([])
  expect(TRANSACTION_MS * 2).toBeLessThanOrEqual(OVERLAP_MS)
})

test('a transaction in time commits and answers', async () => {
  const answer = await inTransaction(db.knex, async (trx) => {
    await trx('revocations').insert(row('user:in-time'))
    return 'done'
  })
  expect(answer).toBe('done')
  expect(await db.knex('revocations').where({ topic: 'user:in-time' })).toHaveLength(1)
})

test('PostgreSQL itself ends what a hung process has left open, sooner than the mirror stops looking', async () => {
  const server = await realPostgres()
  const database = await createDatabase(server.url())
  const own = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 1, log: () => undefined })
  for (const knex of [own.knex, own.aside]) {
    const { rows } = await knex.raw(`select name, setting::int from pg_settings
      where name in ('idle_in_transaction_session_timeout', 'transaction_timeout') order by name`)
    expect(rows.length).toBeGreaterThan(0)
    for (const { setting } of rows) expect(setting > 0 && setting * 2 <= OVERLAP_MS).toBe(true)
  }
  await own.close()
  await database.drop()
  await server.stop()
}, 60_000)

test('J15 PostgreSQL itself cancels a statement that takes longer than it may; its connection goes on', async () => {
  const server = await realPostgres()
  const database = await createDatabase(server.url())
  const options = { databaseUrl: database.url, dataDir: '', poolSize: 1, log: () => undefined }
  const own = await connect({ ...options, statementTimeoutMs: 200 })
  for (const knex of [own.knex, own.aside]) {
    const backend = async (): Promise<number> => (await knex.raw('select pg_backend_pid() as pid')).rows[0].pid
    const before = await backend()
    await expect(knex.raw('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' })
    expect(await backend()).toBe(before)
  }
  await own.close()
  const usual = await connect(options)
  const { rows } = await usual.knex.raw('show statement_timeout')
  expect(rows).toEqual([{ statement_timeout: '30s' }])
  await usual.close()
  await database.drop()
  await server.stop()
}, 60_000)
