import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { connect, type Database } from '../../src/db/connect.js'
import { anOwner, call, change, type Owner } from '../support/api.js'
import { createMigratedDatabase, realPostgres } from '../support/database.js'
import { type Service, startService } from '../support/service.js'

const POOL = 2

let server: Awaited<ReturnType<typeof realPostgres>>
let database: Awaited<ReturnType<typeof createMigratedDatabase>>
let db: Database
let service: Service
let owner: Owner

beforeAll(async () => {
  server = await realPostgres()
  database = await createMigratedDatabase(server.url())
  const options = { dataDir: '', poolSize: POOL, statementTimeoutMs: 20_000, log: () => undefined }
  db = await connect({ ...options, databaseUrl: database.url })
  service = await startService({ db })
  owner = await anOwner(service)
}, 60_000)
afterAll(async () => {
  await service.stop()
  await db.close()
  await database.drop()
  await server.stop()
})

const pause = (ms: number): Promise<void> => new Promise((later) => setTimeout(later, ms))
const since = (start: number): number => performance.now() - start

test('F6 with every connection in use the next caller gets 503 in under 2 s; tokens are still checked; then all is well', async () => {
  const [second, other] = [await anOwner(service), await anOwner(service)]
  const busy = [owner, second]
  const holder = new pg.Client({ connectionString: database.url })
  await holder.connect()
  await holder.query('begin')
  const ids = busy.map(({ organizationId }) => organizationId)
  await holder.query('select 1 from organizations where id = any ($1) for update', [ids])
  // One caller alone gets half of the pool at most (turns.spec.ts), so there are two.
  const slow = busy.map((one) =>
    one.patch(`/organizations/${one.organizationId}`, change('organizations', one.organizationId, { name: 'Slow' })),
  )
  await pause(300)
  const asked = performance.now()
  const refused = await other.get('/roles')
  expect({ status: refused.status, retry: refused.headers.get('retry-after'), quick: since(asked) < 2000 }).toEqual({
    status: 503,
    retry: '1',
    quick: true,
  })
  // Longer than a mirror may be old.
  await pause(6000)
  expect((await call(service, '/ready')).status).toBe(200)
  await expect(service.parts.verifier.verify(other.token, new Date())).resolves.toHaveProperty('claims')
  const freed = performance.now()
  await holder.query('rollback')
  await holder.end()
  expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200])
  expect((await other.get('/roles')).status).toBe(200)
  expect(since(freed)).toBeLessThan(1500)
}, 30_000)

test('F6 no more than a thousand wait for a connection: who comes then is refused at once', async () => {
  const held = await Promise.all(Array.from({ length: POOL }, () => db.knex.client.acquireConnection()))
  const waiting = Array.from({ length: 1000 }, () => db.knex.client.acquireConnection().catch(() => undefined))
  await pause(0)
  const asked = performance.now()
  expect((await owner.get('/roles')).status).toBe(503)
  expect(since(asked)).toBeLessThan(1000)
  for (const connection of held) await db.knex.client.releaseConnection(connection)
  for (const connection of waiting) void connection.then((one: unknown) => one && db.knex.client.releaseConnection(one))
  await Promise.all(waiting)
  expect((await owner.get('/roles')).status).toBe(200)
})
