import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTurns } from '../../src/access/turns.js'
import { connect, type Database } from '../../src/db/connect.js'
import { anOwner, change, patient } from '../support/api.js'
import { createMigratedDatabase, realPostgres } from '../support/database.js'
import { type Service, startService } from '../support/service.js'

let server: Awaited<ReturnType<typeof realPostgres>>
let database: Awaited<ReturnType<typeof createMigratedDatabase>>
let db: Database
let service: Service
beforeAll(async () => {
  server = await realPostgres()
  database = await createMigratedDatabase(server.url())
  db = await connect({ dataDir: '', poolSize: 4, databaseUrl: database.url, log: () => undefined })
  service = await startService({ db })
}, 60_000)
afterAll(async () => {
  await service.stop()
  await db.close()
  await database.drop()
  await server.stop()
})

test('J15 F6 a caller whose requests all wait for a lock takes no connection from others', async () => {
  const [busy, other] = [await anOwner(service), await anOwner(service)]
  const locked = await db.knex.transaction()
  await locked('organizations').where({ id: busy.organizationId }).forUpdate().select('id')
  const body = change('organizations', busy.organizationId, { name: 'Waiting' })
  const waiting = Array.from({ length: 20 }, () => patient(busy).patch(`/organizations/${busy.organizationId}`, body))
  await new Promise((resolve) => setTimeout(resolve, 300))
  for (let n = 0; n < 5; n += 1) {
    const asked = performance.now()
    expect((await other.get('/roles')).status).toBe(200)
    expect(performance.now() - asked).toBeLessThan(10_000)
  }
  await locked.rollback()
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(20).fill(200))
})

test('a line that is too long refuses, and gives its place back', async () => {
  const turn = createTurns({ limit: 1, waitMs: 3000 })
  let release = (): void => undefined
  const first = turn(
    'a',
    () =>
      new Promise<void>((resolve) => {
        release = resolve
      }),
  )
  const line = Array.from({ length: 200 }, () => turn('a', async () => 'done'))
  await expect(turn('a', async () => 'late')).rejects.toMatchObject({ kind: 'unavailable' })
  expect(await turn('b', async () => 'other')).toBe('other')
  release()
  await first
  expect(new Set(await Promise.all(line))).toEqual(new Set(['done']))
  await expect(
    turn('a', async () => {
      throw new Error('fault')
    }),
  ).rejects.toThrow('fault')
  expect(await turn('a', async () => 'again')).toBe('again')
})

/** Work that lasts until it is told to end. */
function held() {
  let end = (): void => undefined
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { work: () => ended, end: () => end() }
}

test('who has waited too long leaves the line with 503, and takes no turn from those who come later', async () => {
  const turn = createTurns({ limit: 1, waitMs: 100 })
  const first = held()
  const running = turn('a', first.work)
  const began = performance.now()
  await expect(turn('a', async () => 'late')).rejects.toMatchObject({
    kind: 'unavailable',
    headers: { 'Retry-After': '1' },
  })
  expect(performance.now() - began).toBeGreaterThan(90)
  first.end()
  await running
  expect(await turn('a', async () => 'next')).toBe('next')
})

test('never more than so many at a time, though a turn is handed on while others come', async () => {
  const turn = createTurns({ limit: 2, waitMs: 3000 })
  let [running, most] = [0, 0]
  const work = async (): Promise<void> => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setTimeout(resolve, 5))
    running -= 1
  }
  const all: Promise<void>[] = []
  for (let index = 0; index < 30; index += 1) {
    all.push(turn('a', work))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await Promise.all(all)
  expect(most).toBe(2)
})
