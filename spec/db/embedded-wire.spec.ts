import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connect, connectToEngine, type Database } from '../../src/db/connect.js'
import { type EmbeddedEngine, startEmbedded } from '../../src/db/embedded.js'
import { preparedDataDir } from '../support/database.js'
import { runScript } from '../support/processes.js'

let folder: ReturnType<typeof preparedDataDir>
let engine: EmbeddedEngine
let db: Database
const open = (): Database => connectToEngine(engine, { dataDir: '', poolSize: 1, log: () => undefined })

beforeAll(async () => {
  folder = preparedDataDir()
  engine = await startEmbedded({ dataDir: folder.path, log: () => undefined })
  db = open()
  await db.knex.raw('create table accounts (id int primary key, money int not null)')
  await db.knex.raw('create table journal (writer int, n int)')
  await db.knex('accounts').insert([1, 2, 3, 4].map((id) => ({ id, money: 1_000 })))
}, 30_000)
afterAll(async () => {
  await db.close()
  await engine.close()
  folder.remove()
})

/** One process: parametrised queries, errors and transactions with a pause inside, as fast as it can. */
const CLIENT = `
  const { connectToEngine } = await load('db/connect.js')
  const [host, writer] = args
  const { knex, close } = connectToEngine({ host, port: 5432 }, { dataDir: '', poolSize: 1, log: () => {} })
  for (let n = 0; n < 100; n++) {
    const marker = writer + '-' + n
    const { rows } = await knex.raw('select ?::text as marker, ?::int as n', [marker, n])
    if (rows[0].marker !== marker || rows[0].n !== n) throw new Error('the answer of another: ' + JSON.stringify(rows))
    await knex.raw('select 1 / ?::int', [0]).then(() => { throw new Error('no error') }, (error) => { if (error.code !== '22012') throw error })
    const kept = n % 3 !== 0
    await knex.transaction(async (trx) => {
      await trx.raw("select set_config('app.marker', ?, true)", [marker])
      const [from, to] = [1 + n % 4, 1 + (n + 1) % 4]
      const { money } = await trx('accounts').where({ id: from }).first()
      await new Promise((later) => setTimeout(later, n % 2))
      await trx('accounts').where({ id: from }).update({ money: money - 1 })
      await trx('accounts').where({ id: to }).increment('money', 1)
      await trx('journal').insert({ writer, n })
      const seen = await trx.raw("select current_setting('app.marker') as marker")
      if (seen.rows[0].marker !== marker) throw new Error('the setting of another')
      if (!kept) throw new Error('take back')
    }).catch((error) => { if (error.message !== 'take back') throw error })
  }
  await close()
  say('done')`

describe('several processes on one embedded engine', () => {
  it('neither get the answers of others nor see or break their transactions', async () => {
    const clients = [1, 2, 3, 4].map((writer) => runScript(CLIENT, [engine.host, String(writer)]))
    await Promise.all(clients.map((client) => client.said('done')))
    const { rows } = await db.knex.raw(
      'select sum(money) as money, (select count(*) from journal) as rows from accounts',
    )
    expect(rows).toEqual([{ money: 4_000, rows: 4 * 66 }])
  }, 60_000)

  it('one that is killed inside a transaction is rolled back and does not stop the others', async () => {
    const script = runScript(
      `const { connectToEngine } = await load('db/connect.js')
       const { knex } = connectToEngine({ host: args[0], port: 5432 }, { dataDir: '', poolSize: 1, log: () => {} })
       const trx = await knex.transaction()
       await trx('accounts').update({ money: 0 })
       say('inside')
       setTimeout(() => {}, 60_000)`,
      [engine.host],
    )
    await script.said('inside')
    const waiting = db.knex('accounts').sum('money as money').first()
    await script.kill('SIGKILL')
    await expect(waiting).resolves.toEqual({ money: 4_000 })
  })

  it('a failed statement fails its transaction only until the rollback', async () => {
    const other = open()
    await expect(db.knex.transaction((trx) => trx.raw('select nonsense'))).rejects.toThrow('nonsense')
    await expect(other.knex.raw('select 1 as one')).resolves.toMatchObject({ rows: [{ one: 1 }] })
    await other.close()
  })

  it('answers and questions of several megabytes arrive whole', async () => {
    const text = 'é€😀'.repeat(400_000)
    const { rows } = await db.knex.raw('select ?::text as text', [text])
    expect(rows[0].text === text).toBe(true)
  })

  it('what is not the protocol is hung up on, and the rest goes on', async () => {
    const { connect: dial } = await import('node:net')
    const socket = dial(`${engine.host}/.s.PGSQL.${engine.port}`)
    await new Promise((closed) => {
      socket.on('close', closed)
      socket.on('error', () => undefined)
      socket.end('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    })
    await expect(db.knex.raw('select 1 as one')).resolves.toMatchObject({ rows: [{ one: 1 }] })
  })
})

it('the embedded engine fsyncs its commits and has no listen', async () => {
  const { rows } = await db.knex.raw(`select current_setting('fsync') as fsync,
    current_setting('wal_sync_method') as method, current_setting('synchronous_commit') as commit`)
  expect(rows).toEqual([{ fsync: 'on', method: 'fsync', commit: 'on' }])
  expect(db.listen).toBeUndefined()
})

it('says which directory cannot be opened', async () => {
  const opening = connect({ dataDir: '/dev/null/gatehouse', poolSize: 1, log: () => undefined })
  await expect(opening).rejects.toThrow('/dev/null/gatehouse')
})
