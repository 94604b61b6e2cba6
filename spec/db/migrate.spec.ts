import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { connect, type Database } from '../../src/db/connect.js'
import { migrate, migrationStatus, rollback } from '../../src/db/migrate.js'
import { createDatabase, freshDatabase, preparedDataDir, realPostgres, temporaryFolder } from '../support/database.js'
import { runScript } from '../support/processes.js'

const MIGRATIONS = {
  '20260101000000_one.up.sql': `-- A question? Not a binding: '?' :name
    create table one (id bigint primary key generated always as identity, note jsonb);
    create function doubled(n int) returns int language sql as $$ select n * 2 $$;`,
  '20260101000000_one.down.sql': 'drop function doubled(int); drop table one;',
  '20260102000000_two.up.sql': 'create table two (one_id bigint references one (id));',
  '20260102000000_two.down.sql': 'drop table two;',
}
const SEEDS = {
  'a.sql': `insert into one (note) select '{"a": 1}' where not exists (select 1 from one where note ? 'a');`,
}
const NAMES = ['20260101000000_one', '20260102000000_two']

let folder: ReturnType<typeof temporaryFolder>
let options: { migrationsDir: string; seedsDir: string }

function put(dir: string, files: Record<string, string>): void {
  mkdirSync(dir, { recursive: true })
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(dir, name), sql)
}

beforeEach(() => {
  folder = temporaryFolder()
  options = { migrationsDir: join(folder.path, 'migrations'), seedsDir: join(folder.path, 'seeds') }
  put(options.migrationsDir, MIGRATIONS)
  put(options.seedsDir, SEEDS)
})
afterEach(() => folder.remove())

const rowsIn = async (db: Database, table: string): Promise<number> =>
  Number((await db.knex(table).count('* as rows'))[0]?.rows)

describe('migrations', () => {
  let db: Database
  beforeAll(async () => {
    db = await freshDatabase()
  }, 30_000)
  afterEach(() => db.knex.raw('drop schema public cascade; create schema public'))
  afterAll(() => db.close())

  it('run once, in order, with the seeds after them; a second run changes nothing', async () => {
    await expect(migrationStatus(db, options)).resolves.toEqual({ applied: [], pending: NAMES, unknown: [] })
    await expect(migrate(db, options)).resolves.toEqual({ applied: NAMES })
    await expect(migrate(db, options)).resolves.toEqual({ applied: [] })
    await expect(rowsIn(db, 'one')).resolves.toBe(1)
    await expect(migrationStatus(db, options)).resolves.toEqual({ applied: NAMES, pending: [], unknown: [] })
  })

  it('are recorded in the transaction that ran them: killed between the two, neither has been', async () => {
    put(options.migrationsDir, { '20260103000000_three.up.sql': 'create table three as select 3 as n;' })
    await migrate(db, options)
    const writer = (table: string, where: object) =>
      db.knex(table).where(where).first(db.knex.raw('xmin::text as writer'))
    const ran = await writer('three', { n: 3 })
    expect(ran).toEqual({ writer: expect.stringMatching(/^\d+$/) })
    expect(await writer('knex_migrations', { name: '20260103000000_three' })).toEqual(ran)
  })

  it('are taken back newest first, and run again', async () => {
    await migrate(db, options)
    await expect(rollback(db, 1, options)).resolves.toEqual({ rolledBack: ['20260102000000_two'] })
    await expect(db.knex.schema.hasTable('two')).resolves.toBe(false)
    await expect(rollback(db, 5, options)).resolves.toEqual({ rolledBack: ['20260101000000_one'] })
    await expect(db.knex.schema.hasTable('one')).resolves.toBe(false)
    await expect(migrate(db, options)).resolves.toEqual({ applied: NAMES })
  })

  it('that fail leave nothing of themselves and all that came before, and name their file', async () => {
    const bad = '20260103000000_bad.up.sql'
    await migrate(db, options)
    put(options.migrationsDir, { [bad]: 'create table three (id int); select 1 / 0;' })
    await expect(migrate(db, options)).rejects.toThrow(`${bad}: division by zero`)
    await expect(db.knex.schema.hasTable('three')).resolves.toBe(false)
    await expect(migrationStatus(db, options)).resolves.toMatchObject({ applied: NAMES })
    put(options.migrationsDir, { [bad]: 'create table three (id int);' })
    await expect(migrate(db, options)).resolves.toEqual({ applied: ['20260103000000_bad'] })
  })

  it('F16 of a newer version are refused by name', async () => {
    await migrate(db, options)
    rmSync(join(options.migrationsDir, '20260102000000_two.up.sql'))
    await expect(migrate(db, options)).rejects.toThrow(
      'A newer version of Gatehouse has run on this database: this version does not know 20260102000000_two',
    )
    await expect(rollback(db, 1, options)).rejects.toThrow('newer version')
  })

  it('run although a killed process has left its mark on the lock table', async () => {
    await migrate(db, { ...options, migrationsDir: options.migrationsDir })
    await db.knex('knex_migrations_lock').update({ is_locked: 1 })
    put(options.migrationsDir, { '20260104000000_four.up.sql': 'create table four (id int);' })
    await expect(migrate(db, options)).resolves.toEqual({ applied: ['20260104000000_four'] })
  })

  it('of Gatehouse itself run, go back to an empty schema and run again', async () => {
    const { applied } = await migrate(db)
    expect(applied.length).toBeGreaterThan(0)
    await expect(rollback(db, applied.length)).resolves.toEqual({ rolledBack: [...applied].reverse() })
    const left = await db.knex('pg_tables').where('schemaname', 'public').pluck('tablename')
    expect(left.sort()).toEqual(['knex_migrations', 'knex_migrations_lock'])
    await expect(migrate(db)).resolves.toEqual({ applied })
  }, 30_000)
})

const MIGRATE = `
  const { connect } = await load('db/connect.js')
  const { migrate } = await load('db/migrate.js')
  const [databaseUrl, dataDir, migrationsDir, seedsDir] = args
  const db = await connect({ databaseUrl, dataDir, poolSize: 2, log: () => {} })
  say('started')
  say('applied ' + (await migrate(db, { migrationsDir, seedsDir })).applied.length)
  await db.close()`

describe('several processes on one PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof realPostgres>>
  let database: Awaited<ReturnType<typeof createDatabase>>
  beforeAll(async () => {
    server = await realPostgres()
  }, 60_000)
  afterAll(() => server.stop())
  beforeEach(async () => {
    database = await createDatabase(server.url())
  })
  afterEach(() => database.drop())

  const start = () => runScript(MIGRATE, [database.url, '', options.migrationsDir, options.seedsDir])
  const open = () => connect({ databaseUrl: database.url, dataDir: '', poolSize: 2, log: () => undefined })

  it('ten that start at once on an empty database: one migrates, all succeed', async () => {
    put(options.migrationsDir, { '20260105000000_slow.up.sql': 'select pg_sleep(0.3);' })
    const scripts = Array.from({ length: 10 }, start)
    const said = await Promise.all(scripts.map((script) => script.said('applied')))
    expect(said.sort()).toEqual([...Array.from({ length: 9 }, () => 'applied 0'), 'applied 3'])
    await expect(Promise.all(scripts.map((script) => script.ended()))).resolves.toEqual(Array(10).fill(0))
    const db = await open()
    await expect(rowsIn(db, 'one')).resolves.toBe(1)
    await db.close()
  }, 60_000)

  it('ten at once with the migrations of Gatehouse itself', async () => {
    const dbs = await Promise.all(Array.from({ length: 10 }, open))
    const results = await Promise.all(dbs.map((db) => migrate(db)))
    expect(results.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
    await Promise.all(dbs.map((db) => db.close()))
  }, 60_000)

  it('one that the database makes give way to what others write goes on by itself', async () => {
    const db = await open()
    const other = await open()
    await migrate(db, options)
    // The migration finds the knot first, whoever tied it.
    const crossing = `set local deadlock_timeout = '50ms'; alter table one add n int; select pg_sleep(0.5); alter table two add n int;`
    put(options.migrationsDir, { '20260103000000_crossing.up.sql': crossing })
    const migrated = migrate(db, options)
    await other.knex.transaction(async (trx) => {
      await trx.raw(`set local deadlock_timeout = '20s'`)
      await trx('two').insert({ one_id: null })
      while (
        !(await trx.raw(`select 1 from pg_locks where relation = 'one'::regclass and mode = 'AccessExclusiveLock'`))
          .rows[0]
      ) {}
      await trx('one').insert({ note: null })
    })
    await expect(migrated).resolves.toEqual({ applied: ['20260103000000_crossing'] })
    await expect(other.knex('two').whereNull('n')).resolves.toHaveLength(1)
    await Promise.all([db.close(), other.close()])
  }, 60_000)

  it('one that changes a table which a backup reads keeps nobody else waiting, and goes on when the backup is done', async () => {
    const [db, backup] = [await open(), await open()]
    await migrate(db, options)
    const widening = 'alter table one add m int; alter table two add m int;'
    put(options.migrationsDir, { '20260103000000_widening.up.sql': widening })
    const waits: string[] = []
    let migrated: Promise<unknown> | undefined
    await backup.knex.transaction(async (reading) => {
      await reading('two').select()
      await expect(migrate(db, { ...options, tries: 1 })).rejects.toThrow(/a backup or a long report.*run it again/)
      migrated = migrate(db, { ...options, onWait: (why) => waits.push(why) })
      while (waits.length === 0) await new Promise((later) => setTimeout(later, 20))
      // Between two tries it holds nothing, also of what it had got already.
      await reading.raw("set local statement_timeout = '500ms'")
      await expect(reading('one').select()).resolves.toEqual([expect.not.objectContaining({ m: null })])
    })
    expect(waits).toEqual([expect.stringContaining('lock timeout')])
    await expect(migrated).resolves.toEqual({ applied: ['20260103000000_widening'] })
    await Promise.all([db.close(), backup.close()])
  }, 60_000)

  it('one that is killed half-way: the next one finishes', async () => {
    const slow = { '20260101500000_slow.up.sql': 'create table slow (id int); select pg_sleep(30);' }
    put(options.migrationsDir, slow)
    const script = start()
    await script.said('started')
    const db = await open()
    while (
      !(await db.knex('pg_stat_activity').whereLike('query', '%pg_sleep(30)%').where('state', 'active').pluck('pid'))[0]
    ) {}
    await script.kill('SIGKILL')
    put(options.migrationsDir, { '20260101500000_slow.up.sql': 'create table slow (id int);' })
    // The server notices a client that is gone when the statement is over; here it is helped along.
    await db.knex.raw(
      `select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid()`,
    )
    await expect(migrate(db, options)).resolves.toEqual({ applied: ['20260101500000_slow', '20260102000000_two'] })
    await db.close()
  }, 60_000)
})

it('the embedded database killed half-way through its migrations finishes them at the next start', async () => {
  const data = preparedDataDir()
  try {
    // 200,000 rows take the engine long enough to be killed while it writes them.
    const slow = 'create table slow as select n, md5(n::text) from generate_series(1, 200000) as n;'
    put(options.migrationsDir, { '20260101500000_slow.up.sql': slow })
    const script = runScript(MIGRATE, ['', data.path, options.migrationsDir, options.seedsDir])
    await script.said('started')
    await new Promise((later) => setTimeout(later, 150))
    await script.kill('SIGKILL')
    expect(script.lines).toEqual(['started'])
    const db = await connect({ dataDir: data.path, poolSize: 1, log: () => undefined })
    const { applied } = await migrationStatus(db, options)
    await migrate(db, options)
    expect(applied).not.toContain('20260102000000_two')
    await expect(rowsIn(db, 'slow')).resolves.toBe(200_000)
    await expect(rowsIn(db, 'one')).resolves.toBe(1)
    await db.close()
  } finally {
    data.remove()
  }
}, 60_000)
