import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connect, type Database } from '../../src/db/connect.js'
import { CONSTRAINTS, type ConstraintNames, fromDatabase } from '../../src/db/errors.js'
import { AppError } from '../../src/errors.js'
import { specDatabase } from '../support/database.js'

const NAMES: ConstraintNames = {
  parents_email_uq: { at: 'email' },
  children_parent_fkey: { relationship: 'parent' },
  parents_age: { at: 'age', detail: 'age - must not be negative' },
  parents_last_owner: { kind: 'last_owner' },
}

let db: Database
beforeAll(async () => {
  db = await specDatabase()
})
afterAll(() => db.close())

/** What the statement fails with, on tables that are gone afterwards. */
async function fault(sql: string, bindings: string[] = []): Promise<AppError | undefined> {
  const error = await db.knex
    .transaction(async (trx) => {
      await trx.raw(`create temp table parents (id int primary key, email text, age int,
          constraint parents_email_uq unique (email), constraint parents_age check (age >= 0)) on commit drop`)
      await trx.raw(`create temp table children (parent_id int,
          constraint children_parent_fkey foreign key (parent_id) references parents (id)) on commit drop`)
      await trx.raw(`insert into parents values (1, 'a@example.com', 1)`)
      await trx.raw('insert into children values (1)')
      await trx.raw(sql, bindings)
    })
    .then(() => undefined)
    .catch((thrown: unknown) => thrown)
  return fromDatabase(error, NAMES)
}

describe('an error of the database', () => {
  it.each([
    ['a value that is taken', `insert into parents values (2, 'a@example.com', 1)`, 'taken', '/data/attributes/email'],
    ['a key without a name of ours', `insert into parents values (1, 'b', 1)`, 'taken', undefined],
    ['a reference to nothing', 'insert into children values (7)', 'not_found', '/data/relationships/parent'],
    ['a delete that others refer to', 'delete from parents', 'locked', undefined],
    ['a rule', `insert into parents values (2, 'b', -1)`, 'invalid', '/data/attributes/age'],
    ['a wrong form', `select 'x'::int`, 'invalid', undefined],
    ['a number out of range', 'select 99999999999999::int', 'invalid', undefined],
    ['a missing value', 'insert into parents (id) values (null)', 'invalid', undefined],
    [
      'a rule of a trigger of ours',
      `do $$ begin raise exception 'no' using errcode = 'check_violation', constraint = 'parents_last_owner'; end $$`,
      'last_owner',
      undefined,
    ],
    [
      'a serialization conflict',
      `do $$ begin raise exception 'no' using errcode = '40001'; end $$`,
      'unavailable',
      undefined,
    ],
    ['a deadlock', `do $$ begin raise exception 'no' using errcode = '40P01'; end $$`, 'unavailable', undefined],
    [
      'a statement that took too long',
      `do $$ begin raise exception 'no' using errcode = '57014'; end $$`,
      'unavailable',
      undefined,
    ],
    ['a full server', `do $$ begin raise exception 'no' using errcode = '53300'; end $$`, 'unavailable', undefined],
    ['a lost connection', `do $$ begin raise exception 'no' using errcode = '08006'; end $$`, 'unavailable', undefined],
    ['a fault of ours', 'select nonsense', 'internal', undefined],
  ])('%s', async (_name, sql, kind, pointer) => {
    const error = await fault(sql)
    expect(error?.kind).toBe(kind)
    const source = error?.issues[0]?.source
    expect(source && 'pointer' in source ? source.pointer : undefined).toBe(pointer)
    expect(error?.cause).toBeInstanceOf(Error)
  })

  it('a NUL in a text is invalid, as a value and inside json', async () => {
    expect((await fault('select ?::text', ['a\0b']))?.kind).toBe('invalid')
    expect((await fault('select ?::jsonb', ['"a\\u0000b"']))?.kind).toBe('invalid')
  })

  it('never shows the text of the server', async () => {
    for (const sql of [
      `insert into parents values (2, 'a@example.com', 1)`,
      'select nonsense',
      'delete from parents',
    ]) {
      const error = await fault(sql)
      expect(JSON.stringify(error?.issues)).not.toMatch(/parents|nonsense|example\.com|constraint/)
    }
  })

  it('a server that is not there is unavailable', async () => {
    const databaseUrl = 'postgres://nobody@127.0.0.1:1/none'
    await expect(connect({ databaseUrl, dataDir: '', poolSize: 1, log: () => undefined })).rejects.toThrow(
      'ECONNREFUSED',
    )
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
    expect(fromDatabase(refused)?.kind).toBe('unavailable')
    expect(fromDatabase(new Error('Connection terminated unexpectedly'))?.kind).toBe('unavailable')
    expect(fromDatabase(new Error('Knex: Timeout acquiring a connection. The pool is probably full.'))?.kind).toBe(
      'unavailable',
    )
  })

  it('what is not from the database is left alone', () => {
    expect(fromDatabase(new TypeError('x is not a function'))).toBeUndefined()
    expect(fromDatabase(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBeUndefined()
    expect(fromDatabase('text')).toBeUndefined()
    const own = new AppError('forbidden')
    expect(fromDatabase(own)).toBe(own)
  })
})

it('every name in the table of constraints exists in the database', async () => {
  const names: string[] = await db.knex('pg_constraint').pluck('conname')
  const triggers: string[] = await db.knex('pg_trigger').pluck('tgname')
  const known = new Set([...names, ...triggers])
  expect(Object.keys(CONSTRAINTS).filter((name) => !known.has(name))).toEqual([])
})
