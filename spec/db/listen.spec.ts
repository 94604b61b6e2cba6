import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connect, type Database } from '../../src/db/connect.js'
import { createDatabase, realPostgres } from '../support/database.js'

let server: Awaited<ReturnType<typeof realPostgres>>
let database: Awaited<ReturnType<typeof createDatabase>>
let db: Database
beforeAll(async () => {
  server = await realPostgres()
  database = await createDatabase(server.url())
  db = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 2, log: () => undefined })
}, 60_000)
afterAll(async () => {
  await db.close()
  await database.drop()
  await server.stop()
})

const CHANNEL = 'Odd "channel"'
const notify = (payload: string) => db.knex.raw('select pg_notify(?, ?)', [CHANNEL, payload])
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((later) => setTimeout(later, 10))
}
const listeners = async (): Promise<number[]> =>
  db.knex('pg_stat_activity').whereLike('query', 'listen %').whereRaw('datname = current_database()').pluck('pid')

describe('listen', () => {
  it('tells what is said, tells after a lost connection that something may have been missed, and stops', async () => {
    const heard: string[] = []
    let reconnects = 0
    const stop = await db.listen?.(
      CHANNEL,
      (payload) => heard.push(payload),
      () => {
        reconnects += 1
      },
    )
    await notify('first')
    await until(() => heard.length === 1)
    for (let round = 1; round <= 2; round++) {
      for (const pid of await listeners()) await db.knex.raw('select pg_terminate_backend(?)', [pid])
      await until(() => reconnects === round)
      await notify(`after ${round}`)
      await until(() => heard.length === 1 + round)
    }
    expect(heard).toEqual(['first', 'after 1', 'after 2'])
    await stop?.()
    await expect(listeners()).resolves.toEqual([])
  })
})

describe('connect', () => {
  const refusal = (databaseUrl: string): Promise<string> =>
    connect({ databaseUrl, dataDir: '', poolSize: 1, log: () => undefined }).then(
      () => 'connected',
      (error: Error) => `${error.message} ${error.stack}`,
    )

  it('says which database it cannot use, and never the password', async () => {
    const wrong = new URL(database.url)
    wrong.password = 'Sesame%20open'
    const gone = new URL(database.url)
    gone.port = '1'
    gone.password = 'Sesame%20open'
    const absent = Object.assign(new URL(database.url), { pathname: '/absent' })
    const messages = await Promise.all(
      [wrong.href, gone.href, absent.href, 'postgres://u:Sesame@[nowhere', 'Sesame'].map(refusal),
    )
    expect(messages[0]).toMatch(
      /DATABASE_URL postgres:\/\/postgres@127.0.0.1:\d+\/\w+: .*password authentication failed/,
    )
    expect(messages[1]).toMatch(/DATABASE_URL .*ECONNREFUSED/)
    expect(messages[2]).toMatch(/database "absent" does not exist/)
    expect(messages[3]).toMatch(/DATABASE_URL \(not a URL/)
    expect(messages[4]).toMatch(/DATABASE_URL/)
    for (const message of messages) expect(message).not.toMatch(/Sesame/)
  }, 60_000)

  it('sets the time zone and the longest time of a statement on every connection', async () => {
    const hasty = await connect({
      databaseUrl: database.url,
      dataDir: '',
      poolSize: 3,
      statementTimeoutMs: 100,
      log: () => undefined,
    })
    const all = await Promise.all(
      [1, 2, 3].map(() => hasty.knex.raw(`select current_setting('TimeZone') as zone, pg_sleep(0.02)`)),
    )
    expect(all.map(({ rows }) => rows[0].zone)).toEqual(['UTC', 'UTC', 'UTC'])
    await expect(hasty.knex.raw('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' })
    await hasty.close()
  })
})
