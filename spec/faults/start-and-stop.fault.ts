import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import pg from 'pg'
import { type Child, runGatehouse } from '../support/child.js'
import { createDatabase, temporaryFolder } from '../support/database.js'
import { freePort } from '../support/free-port.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { amount, startWorld, tokenAt } from './world.js'

jest.setTimeout(600_000)

describe('starting', () => {
  let postgres: Postgres
  let folder: ReturnType<typeof temporaryFolder>
  beforeAll(async () => {
    postgres = await startPostgres()
    folder = temporaryFolder()
  })
  afterAll(async () => {
    await postgres?.stop()
    folder?.remove()
  })

  const environment = (url: string) => ({
    DATABASE_URL: url,
    SECRET_KEY: 'one master key for all that start at once',
    HOST: '127.0.0.1',
    NODE_ENV: 'production',
    DATABASE_POOL: '2',
    DATA_DIR: folder.path,
  })

  async function ask<T extends object>(url: string, sql: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query<T>(sql)).rows
    } finally {
      await client.end()
    }
  }

  test('F15 ten starts at once on an empty database: one set of tables, one set of keys, all ten answer', async () => {
    const database = await createDatabase(postgres.url())
    const children: { child: Child; port: number }[] = []
    for (let index = 0; index < 10; index += 1) {
      const port = await freePort()
      children.push({ port, child: runGatehouse(['serve'], { ...environment(database.url), PORT: String(port) }) })
    }
    try {
      await Promise.all(children.map(({ child }) => child.says('"msg":"listening"')))
      const sets = await Promise.all(
        children.map(async ({ port }) => {
          const answer = await fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`)
          return JSON.stringify(((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid))
        }),
      )
      expect(new Set(sets).size).toBe(1)
      const ran = await ask<{ name: string; times: number }>(
        database.url,
        'select name, count(*)::int as times from knex_migrations group by name having count(*) > 1',
      )
      expect(ran).toEqual([])
    } finally {
      await Promise.all(children.map(({ child }) => child.stop('SIGTERM')))
    }
    await database.drop()
  })

  test('F17 a migration that is killed half-way is finished by the next start, without a manual step', async () => {
    const tables = "select count(*)::int as number from pg_class where relnamespace = 'public'::regnamespace"
    const whole = await createDatabase(postgres.url())
    await finish(whole.url)
    const expected = await ask(whole.url, tables)
    for (let round = 0; round < amount(1, 20); round += 1) {
      const database = await createDatabase(postgres.url())
      const child = runGatehouse(['migrate'], environment(database.url))
      await sleep(500 + Math.random() * 900)
      await child.stop('SIGKILL')
      await finish(database.url)
      expect(await ask(database.url, tables)).toEqual(expected)
      await database.drop()
    }
    await whole.drop()
  })

  async function finish(url: string): Promise<void> {
    const child = runGatehouse(['migrate'], environment(url))
    const code = await new Promise((resolve) => child.process.once('close', resolve))
    expect([code, code === 0 ? '' : child.output()]).toEqual([0, ''])
  }
})

describe('stopping', () => {
  test('F12 SIGTERM with 50 requests in flight: all answered, exit 0 within 10 s, a second SIGTERM is harmless', async () => {
    const world = await startWorld('postgresql')
    try {
      const { child, url } = await world.start({ DATABASE_POOL: '2' })
      const token = await tokenAt(url, world.demo.owner)
      const path =
        '/api/organizations?include=memberships.role,roles.permissions,api_credentials.secrets&page[size]=100'
      const inFlight = Array.from({ length: 50 }, () =>
        fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}`, connection: 'close' } }).then(
          async (answer) => [answer.status, (await answer.text()).length > 0],
          (error: Error) => [String(error.cause ?? error), false],
        ),
      )
      await sleep(60)
      const began = performance.now()
      child.process.kill('SIGTERM')
      await sleep(50)
      const code = await child.stop('SIGTERM')
      expect([code, performance.now() - began < 10_000]).toEqual([0, true])
      const answers = await Promise.all(inFlight)
      expect(answers.filter(([status, whole]) => status !== 200 || !whole)).toEqual([])
    } finally {
      await world.stop()
    }
  })
})
