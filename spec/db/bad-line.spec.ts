import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { connect, type Database } from '../../src/db/connect.js'
import { migrate } from '../../src/db/migrate.js'
import { anOwner, call, type Owner, type Reply, resource } from '../support/api.js'
import { createDatabase, realPostgres } from '../support/database.js'
import { type Service, startService } from '../support/service.js'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js'

let server: Awaited<ReturnType<typeof realPostgres>>
let database: Awaited<ReturnType<typeof createDatabase>>
let proxy: TcpProxy
let db: Database
let service: Service
let owner: Owner
let admin: pg.Client

beforeAll(async () => {
  server = await realPostgres()
  database = await createDatabase(server.url())
  const direct = new URL(database.url)
  proxy = await startTcpProxy({ host: direct.hostname, port: Number(direct.port) })
  const through = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(proxy.port) })
  db = await connect({
    databaseUrl: through.href,
    dataDir: '',
    poolSize: 4,
    statementTimeoutMs: 5000,
    log: () => undefined,
  })
  await migrate(db)
  service = await startService({ db })
  owner = await anOwner(service)
  admin = new pg.Client({ connectionString: database.url })
  admin.on('error', () => undefined)
  await admin.connect()
}, 60_000)
afterAll(async () => {
  proxy.resume()
  await service.stop()
  await db.close()
  await admin.end()
  await proxy.stop()
  await database.drop()
  await server.stop()
})

/** What a caller is told who must come again: `1` or `2` seconds. */
const LATER = { status: 503, retry: expect.stringMatching(/^[12]$/) }
afterEach(() => {
  proxy.resume()
  proxy.delay(0)
})

const pause = (ms: number): Promise<void> => new Promise((later) => setTimeout(later, ms))

/** Asks for roles.  @returns status, Retry-After and how long it took */
async function asked(path = '/roles'): Promise<{ status: number; retry: string | null; ms: number }> {
  const start = performance.now()
  const { status, headers } = await owner.get(path)
  return { status, retry: headers.get('retry-after'), ms: performance.now() - start }
}

/** Waits until the API answers 200 again.  @returns after how many milliseconds; whatever else came must be 503 */
async function healed(): Promise<number> {
  const start = performance.now()
  for (;;) {
    const { status, retry } = await asked()
    if (status === 200) return performance.now() - start
    expect({ status, retry }).toEqual(LATER)
    if (performance.now() - start > 12_000) throw new Error('it does not heal')
    await pause(100)
  }
}

const newRole = (name: string): Promise<Reply> =>
  owner.post('/roles', resource('roles', { name }, { organization: ['organizations', owner.organizationId] }))

test('F4 a database that goes silent: with no setting changed each request ends in 5 s with 503, and the pool heals', async () => {
  expect((await asked()).status).toBe(200)
  proxy.silence()
  const answers = await Promise.all(Array.from({ length: 12 }, () => asked()))
  for (const { status, retry, ms } of answers) {
    expect({ status, retry }).toEqual(LATER)
    expect(ms).toBeLessThan(5500)
  }
  expect((await call(service, '/health')).status).toBe(200)
  // Longer than the view of the revocations may be old: then no token is believed, and that is said at once.
  await pause(1000)
  const late = await asked()
  expect({ ...late, ms: late.ms < 2500 }).toEqual({ ...LATER, ms: true })
  expect((await call(service, '/ready')).status).toBe(503)
  // The old connections never say a word again.
  proxy.forget()
  expect(await healed()).toBeLessThan(8000)
  expect((await newRole('After the silence')).status).toBe(201)
  expect((await call(service, '/ready')).status).toBe(200)
}, 40_000)

test('F2 a database that ends every connection: 503 at worst, and all is well within a second', async () => {
  const during = Array.from({ length: 8 }, () => asked())
  proxy.cut()
  for (const { status } of await Promise.all(during)) expect([200, 503]).toContain(status)
  expect(await healed()).toBeLessThan(1500)
})

test('F5 100 ms more on each round trip: nothing fails, and a read takes fewer than ten round trips', async () => {
  proxy.delay(100)
  const times: number[] = []
  for (let turn = 0; turn < 5; turn += 1) {
    const { status, ms } = await asked()
    expect(status).toBe(200)
    times.push(ms)
  }
  expect(Math.max(...times.slice(1))).toBeLessThan(1000)
}, 30_000)

test('F5 half a second more on each round trip: tokens are still believed, and answers still come', async () => {
  proxy.delay(500)
  const until = performance.now() + 6000
  while (performance.now() < until) {
    const { status, ms } = await asked()
    expect(status).toBe(200)
    expect(ms).toBeLessThan(5000)
  }
  expect((await call(service, '/ready')).status).toBe(200)
}, 30_000)

test('F8 a statement that the server cancels is 503, and its connection goes on', async () => {
  await admin.query('begin')
  await admin.query('select 1 from organizations where id = $1 for update', [owner.organizationId])
  const backends = async (): Promise<number[]> => {
    const { rows } = await admin.query(
      `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows.map(({ pid }) => pid)
  }
  const waiting = owner.patch(`/organizations/${owner.organizationId}`, {
    data: { type: 'organizations', id: owner.organizationId, attributes: { name: 'Cancelled' } },
  })
  let pids: number[] = []
  for (let turn = 0; turn < 40 && pids.length === 0; turn += 1) {
    await pause(25)
    pids = await backends()
  }
  expect(pids).toHaveLength(1)
  await admin.query('select pg_cancel_backend($1)', pids)
  const { status, headers } = await waiting
  expect({ status, retry: headers.get('retry-after') }).toEqual(LATER)
  await admin.query('rollback')
  const { rows } = await admin.query('select 1 from pg_stat_activity where pid = $1', pids)
  expect(rows).toHaveLength(1)
  expect((await asked()).status).toBe(200)
})

test.each([
  ['F9 with its disk full', '53100'],
  ['F9 when it cannot write its files', '58030'],
  ['F2 while it is read-only', '25006'],
  ['F7 with a serialization failure at each try', '40001'],
  ['F7 with a deadlock at each try', '40P01'],
])('%s (%s) writes get 503, reads go on, and nothing of it is left', async (_what, code) => {
  await admin.query(`create sequence tries`)
  await admin.query(`grant usage on tries to public`)
  await admin.query(`create function fail() returns trigger language plpgsql as $$
    begin perform nextval('tries'); raise exception 'as told' using errcode = '${code}'; end $$`)
  await admin.query('create trigger fail before insert on roles for each row execute function fail()')
  try {
    const { status, headers, body } = await newRole('Never')
    expect({ status, retry: headers.get('retry-after') }).toEqual(LATER)
    expect(body.errors[0].detail).not.toContain('as told')
    const { rows } = await admin.query('select last_value from tries')
    // Once, and at most three times again.
    expect(Number(rows[0].last_value)).toBe(code.startsWith('40') ? 4 : 1)
    expect((await asked()).status).toBe(200)
  } finally {
    await admin.query('drop trigger fail on roles')
    await admin.query('drop function fail; drop sequence tries')
  }
  const created = await newRole(`After ${code}`)
  expect(created.status).toBe(201)
})
