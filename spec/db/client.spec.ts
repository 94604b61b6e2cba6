import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Knex } from 'knex'
import { atOnce } from '../../src/db/at-once.js'
import { connect, type Database } from '../../src/db/connect.js'
import { migrate } from '../../src/db/migrate.js'
import type { Transaction } from '../../src/db/queries.js'
import { inTransaction, transaction } from '../../src/db/transaction.js'
import { createDatabase, realPostgres, specDatabase } from '../support/database.js'

/** A table that ends with the connection's transaction unless that is rolled back before. */
const ROWS = 'generate_series(1, 3) as n'

let db: Database
beforeAll(async () => {
  db = await specDatabase()
})
afterAll(() => db.close())

/** What PostgreSQL says of the transaction that a query runs in. */
async function aloneOf(knex: Pick<Knex, 'raw'>): Promise<boolean> {
  const { rows } = await knex.raw('select now() = statement_timestamp() as alone')
  return rows[0].alone
}

describe('a transaction that begins with its first statement', () => {
  test('answers what that statement answers, with and without bindings', async () => {
    const plain = await transaction(db.knex, (trx) => trx.from(db.knex.raw(ROWS)).select('n').orderBy('n'))
    expect(plain).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    const bound = await transaction(db.knex, (trx) => trx.from(db.knex.raw(ROWS)).where('n', 2).first('n'))
    expect(bound).toEqual({ n: 2 })
    const several = await transaction(db.knex, (trx) => trx.raw('select 1 as a; select 2 as b'))
    expect(several.map(({ rows }: { rows: unknown[] }) => rows)).toEqual([[{ a: 1 }], [{ b: 2 }]])
  })

  test.each([
    ['without bindings', 'set local role gatehouse_auth', []],
    ['with bindings', "select set_config('role', ?, true)", ['gatehouse_auth']],
  ])('is a transaction: what its first statement sets ends with it (%s)', async (_, sql, bindings) => {
    const role = async (knex: Pick<Knex, 'raw'>): Promise<string> =>
      (await knex.raw('select current_user as role')).rows[0].role
    const before = await role(db.knex)
    const within = await transaction(db.knex, async (trx) => {
      await trx.raw(sql, bindings as string[])
      await new Promise((later) => setTimeout(later, 5))
      expect(await aloneOf(trx)).toBe(false)
      return role(trx)
    })
    expect([within, await role(db.knex)]).toEqual(['gatehouse_auth', before])
  })

  test('that fails in its first statement, or has none, leaves the connection free', async () => {
    await expect(transaction(db.knex, (trx) => trx.raw('select no_such'))).rejects.toMatchObject({ code: '42703' })
    await expect(transaction(db.knex, (trx) => trx.raw('select 1 / ?', [0]))).rejects.toMatchObject({ code: '22012' })
    await expect(transaction(db.knex, async () => 'nothing')).resolves.toBe('nothing')
    const thrown = transaction(db.knex, async () => {
      throw new Error('before any statement')
    })
    await expect(thrown).rejects.toThrow('before any statement')
    expect(await aloneOf(db.knex)).toBe(true)
  })
})

describe('a transaction that has ended', () => {
  const late = async (end: (trx: Transaction) => Promise<unknown>, work: typeof transaction) => {
    let kept: Transaction | undefined
    const done = work(db.knex, async (trx) => {
      kept = trx
      await trx.raw('select 1')
      return end(trx)
    })
    await done.catch(() => undefined)
    return kept as Transaction
  }

  test.each<[string, (trx: Transaction) => Promise<unknown>]>([
    ['well', async () => undefined],
    ['because of its work', async () => Promise.reject(new Error('no'))],
    ['because of the database', (trx) => trx.raw('select no_such')],
  ])('%s is asked nothing any more', async (_, end) => {
    const trx = await late(end, transaction)
    await db.knex.raw('create table late (n int)')
    await expect(trx.raw('insert into late values (1)')).rejects.toThrow('has ended')
    await expect(trx('late').insert({ n: 1 })).rejects.toThrow('has ended')
    await expect(trx.from('late').select('n')).rejects.toThrow('has ended')
    expect(await db.knex('late')).toEqual([])
    await db.knex.raw('drop table late')
  })

  test('because it took too long is rolled back, also what it asks then', async () => {
    await db.knex.raw('create table late (n int)')
    let asked: Promise<unknown> = Promise.resolve()
    const work = inTransaction(
      db.knex,
      async (trx) => {
        await trx.raw('insert into late values (1)')
        asked = new Promise((later) => setTimeout(later, 60)).then(() => trx.raw('insert into late values (2)'))
        await expect(asked).rejects.toThrow('has ended')
      },
      20,
    )
    await expect(work).rejects.toMatchObject({ status: 503 })
    await asked.catch(() => undefined)
    expect(await db.knex('late')).toEqual([])
    await db.knex.raw('drop table late')
  })

  test('with a commit that fails has failed', async () => {
    await db.knex.raw('create table late (n int unique deferrable initially deferred)')
    const twice = transaction(db.knex, (trx) => trx.raw('insert into late values (1), (1)'))
    await expect(twice).rejects.toMatchObject({ code: '23505' })
    expect(await db.knex('late')).toEqual([])
    await db.knex.raw('drop table late')
  })
})

describe('a prologue', () => {
  const opening = (trx: Transaction, sql: string, bindings: readonly string[] = []) =>
    trx.raw(sql, [...bindings]).options({ prologue: true })
  const tables = async (): Promise<string[]> =>
    db.knex('pg_tables').where('tablename', 'like', 'escaped%').pluck('tablename')

  test.each([
    ['by what it asks for', 'set local role nobody_has_made', '22023', []],
    ['by a value', "select set_config('role', ?, true)", '22023', ['nobody_has_made']],
    ['as it is written', 'set local rolle gatehouse_auth; nonsense', '42601', []],
  ])(
    'that fails %s fails the first statement, which is not run outside the transaction',
    async (_, sql, code, values) => {
      const work = transaction(db.knex, async (trx) => {
        await opening(trx, sql, values as string[])
        await trx.raw('create table escaped (id int)')
      })
      await expect(work).rejects.toMatchObject({ code })
      expect(await tables()).toEqual([])
      expect(await aloneOf(db.knex)).toBe(true)
    },
  )

  test('holds for its own transaction only, whether that writes or only reads', async () => {
    const role = async (knex: Pick<Knex, 'raw'>): Promise<string> =>
      (await knex.raw('select current_user as role')).rows[0].role
    const before = await role(db.knex)
    for (const readOnly of [false, true]) {
      const within = transaction(db.knex, async (trx) => {
        await trx.raw('set local role gatehouse_auth').options({ prologue: true, readOnly })
        return role(trx)
      })
      expect([await within, await role(db.knex)]).toEqual(['gatehouse_auth', before])
    }
  })

  test('alone is never sent', async () => {
    await expect(transaction(db.knex, (trx) => opening(trx, 'nonsense').then(() => 'said'))).resolves.toBe('said')
    expect(await aloneOf(db.knex)).toBe(true)
  })
})

describe('one statement as a whole transaction', () => {
  test('runs as gatehouse_auth, which the connection is not afterwards', async () => {
    const [asked] = await atOnce<{ role: string; n: number }>(db.knex, 'select current_user as role, ?::int as n', [3])
    expect(asked).toEqual({ role: 'gatehouse_auth', n: 3 })
    const { rows } = await db.knex.raw('select current_user as role')
    expect(rows[0].role).not.toBe('gatehouse_auth')
  })

  test('leaves nothing when it fails, and the connection free', async () => {
    await db.knex.raw('create table atonce (n int); grant select, insert on atonce to gatehouse_auth')
    const half = 'with a as (insert into atonce values (:n) returning n) select 1 / (n - n) from a'
    await expect(atOnce(db.knex, half, { n: 1 })).rejects.toMatchObject({ code: '22012' })
    expect(await aloneOf(db.knex)).toBe(true)
    await atOnce(db.knex, 'insert into atonce values (:n)', { n: 2 })
    expect(await db.knex('atonce').pluck('n')).toEqual([2])
    await db.knex.raw('drop table atonce')
  })

  test('has every value, by name as often as it is used, or is not asked', async () => {
    const [asked] = await atOnce(db.knex, 'select :a::int + :b::int + :a::int as sum', { a: 1, b: 5, c: 9 })
    expect(asked).toEqual({ sum: 7 })
    expect(() => atOnce(db.knex, 'select :a::int', { a: undefined })).toThrow('undefined')
    expect(() => atOnce(db.knex, 'select ?::int', [undefined])).toThrow('undefined')
  })
})

describe('connections that act as gatehouse_auth for good', () => {
  test('do so from the first statement on, a new one too, and ask nothing where they cannot', async () => {
    const server = await realPostgres()
    const database = await createDatabase(server.url())
    const own = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 1, log: () => undefined })
    await migrate(own)
    const asked = () =>
      atOnce<{ role: string; pid: number }>(own.aside, 'select current_user as role, pg_backend_pid() as pid', [])
    const first = await asked()
    expect([first, await asked()]).toEqual([[{ role: 'gatehouse_auth', pid: expect.any(Number) }], first])
    await own.aside.destroy()
    own.aside.initialize()
    const after = await asked()
    expect(after).toEqual([{ role: 'gatehouse_auth', pid: expect.any(Number) }])
    expect(after).not.toEqual(first)
    await own.close()

    const { pathname } = new URL(database.url)
    const stranger = `stranger_${pathname.slice(1, 20)}`
    const admin = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 1, log: () => undefined })
    await admin.knex.raw(`create role ${stranger} login password 'none'; create table touched (n int)`)
    await admin.knex.raw(`grant insert, select on touched to ${stranger}`)
    const url = Object.assign(new URL(database.url), { username: stranger, password: 'none' }).href
    const theirs = await connect({ databaseUrl: url, dataDir: '', poolSize: 1, log: () => undefined })
    for (const _ of [1, 2]) await expect(atOnce(theirs.aside, 'insert into touched values (1)', [])).rejects.toThrow()
    expect(await admin.knex('touched')).toEqual([])
    await theirs.close()
    await admin.knex.raw(`drop table touched; drop role ${stranger}`)
    await admin.close()
    await database.drop()
    await server.stop()
  }, 60_000)
})

describe('statements that are kept prepared', () => {
  test('are those of transactions too', async () => {
    const server = await realPostgres()
    const database = await createDatabase(server.url())
    const { knex, close } = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 1, log: () => undefined })
    const ask = () => transaction(knex, (trx) => trx.raw('select ?::int as asked_often', [1]))
    const kept = () =>
      knex.raw("select 1 from pg_prepared_statements where statement like '%asked_often%' and name like 'g%'")
    for (const _ of [1, 2]) await ask()
    expect((await kept()).rows).toHaveLength(0)
    await ask()
    expect((await kept()).rows).toHaveLength(1)
    const each = () =>
      knex
        .queryBuilder()
        .options({ prepare: false })
        .select(knex.raw('?::int as asked_often_too', [1]))
    for (const _ of [1, 2, 3, 4]) await each()
    expect((await kept()).rows).toHaveLength(1)
    await close()
    await database.drop()
    await server.stop()
  })
})
