import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { LIMITS, readRates } from '../../src/config/limits.js'
import { ConfigError, readConfig } from '../../src/config.js'
import { connect, type Database } from '../../src/db/connect.js'
import { AppError } from '../../src/errors.js'
import { createLimits, type RunningLimits } from '../../src/limits/limits.js'
import { tellCounts } from '../../src/limits/tell.js'
import { createMigratedDatabase, realPostgres } from '../support/database.js'

const hash = (text: string): string => `hash of ${text}`
const { rates } = readRates({})
const memory = { engine: 'embedded', knex: undefined as never } as const

const said: string[] = []
const note = (fields: unknown, words?: string): void => void said.push(words ?? String(fields))
const log = { warn: note, info: note }

const alone = (env: Record<string, string> = {}): RunningLimits =>
  createLimits({ on: true, rates: readRates(env).rates, db: memory, hash, log })

/** How many of `times` are let through. */
async function through(limits: RunningLimits, times: number, key: string | string[] = 'ada'): Promise<number> {
  const all = await Promise.allSettled(Array.from({ length: times }, () => limits.take('sign_in_account', key)))
  return all.filter(({ status }) => status === 'fulfilled').length
}

describe('counting', () => {
  test('S5 a hundred tries at once are a hundred: ten pass', async () => {
    expect(await through(alone(), 100)).toBe(10)
  })

  test('a refusal says when to come again', async () => {
    const limits = alone({ RATE_LIMIT_MAIL: '1/60' })
    expect(await limits.take('mail', 'x')).toEqual({ points: 1, seconds: 60, remaining: 0, resetSeconds: 60 })
    const refusal = await limits.take('mail', 'x').catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(AppError)
    expect(refusal).toMatchObject({
      kind: 'too_many',
      headers: { 'Retry-After': '60', 'X-Ratelimit-Interval': '60' },
      message: 'Too many requests: 1 in 60 seconds are the limit. Try again in 60 seconds.',
    })
  })

  test('a window ends, and then all is free again', async () => {
    const limits = alone({ RATE_LIMIT_MAIL: '1/1' })
    await limits.take('mail', 'x')
    await expect(limits.take('mail', 'x')).rejects.toThrow('Too many')
    await new Promise((resolve) => setTimeout(resolve, 1050))
    await expect(limits.take('mail', 'x')).resolves.toMatchObject({ remaining: 0 })
  })

  test('S2 keys of several words do not run together, and limits do not share keys', async () => {
    const limits = alone()
    expect(await through(limits, 20, ['ab', 'c'])).toBe(10)
    expect(await through(limits, 20, ['a', 'bc'])).toBe(10)
    await expect(limits.take('sign_in_address', ['ab', 'c'])).resolves.toMatchObject({ remaining: 99 })
  })

  test('what is given back counts no more; a look counts nothing', async () => {
    const limits = alone()
    for (let turn = 0; turn < 30; turn += 1) {
      await limits.take('sign_in_account', 'ada')
      await limits.giveBack('sign_in_account', 'ada')
      await limits.check('sign_in_account', 'ada')
    }
    expect(await through(limits, 20)).toBe(10)
    await expect(limits.check('sign_in_account', 'ada')).rejects.toThrow('Too many')
    await limits.giveBack('sign_in_account', 'nobody')
    expect(await through(limits, 20, 'nobody')).toBe(10)
  })

  test('a look refuses who has used all up, before one too many has been tried', async () => {
    const limits = alone()
    expect(await through(limits, 9)).toBe(9)
    await expect(limits.check('sign_in_account', 'ada')).resolves.toBeUndefined()
    expect(await through(limits, 1)).toBe(1)
    await expect(limits.check('sign_in_account', 'ada')).rejects.toThrow('Too many')
  })

  test('a key of a megabyte is a key like another', async () => {
    const limits = alone()
    expect(await through(limits, 20, 'x'.repeat(1e6))).toBe(10)
    expect(await through(limits, 20, `${'x'.repeat(1e6)}y`)).toBe(10)
  })

  test('S6 a flood of keys does not fill the memory, and does not free those that are counted', async () => {
    const limits = alone()
    expect(await through(limits, 10)).toBe(10)
    for (let index = 0; index < 50_000; index += 1) await limits.take('sign_in_account', `flood ${index}`)
    expect(await through(limits, 1)).toBe(0)
    const more = await Promise.allSettled(
      Array.from({ length: 30_000 }, (_, index) => limits.take('sign_in_account', `more ${index}`)),
    )
    // 1,024 counters of ten for all newcomers together.
    expect(more.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(10_240)
  })

  test('S6 a flood from nine networks keeps out those nine, also when it has filled the memory', async () => {
    const limits = alone()
    const take = (email: string, network: string) => limits.take('sign_in_account', [email, network])
    for (let index = 0; index < 50_000; index += 1) await take(`flood ${index}`, `192.0.2.${index % 9}`)
    const six = (index: number): string => `2001:db8:1:${index.toString(16)}::/64`
    const more = Array.from({ length: 30_000 }, (_, index) =>
      take(`more ${index}`, index % 2 === 0 ? `192.0.2.${index % 9}` : six(index)),
    )
    const letIn = (all: PromiseSettledResult<unknown>[]) => all.filter(({ status }) => status === 'fulfilled').length
    expect(letIn(await Promise.allSettled(more))).toBeLessThanOrEqual(100)
    const others = Array.from({ length: 1000 }, (_, index) => take('ada', `198.51.${index >> 8}.${index & 255}`))
    expect(letIn(await Promise.allSettled(others))).toBeGreaterThan(950)
  })

  test('with RATE_LIMITS=off nothing is counted', async () => {
    expect(await through(createLimits({ on: false, rates, db: memory, hash, log }), 100)).toBe(100)
  })
})

describe('configuration', () => {
  test('each limit has a variable; a bad one names itself, with its default', () => {
    for (const { variable, points, seconds } of Object.values(LIMITS)) {
      expect(readRates({ [variable]: '7/11' }).problems).toEqual([])
      for (const bad of ['', '0/60', '30', '30/0', '1/86401', '1.5/60', '-1/60', '30/60/1', 'off']) {
        const line = `${variable}: must be a number and seconds (a day at most), such as ${points}/${seconds}`
        expect(readRates({ [variable]: bad }).problems).toEqual([line])
      }
    }
    expect(Object.values(readRates({ RATE_LIMIT_TOKEN: '7/11' }).rates)).toContainEqual({ points: 7, seconds: 11 })
  })

  test('bad proxies and a short secret stop the start', () => {
    expect(readConfig({ TRUSTED_PROXIES: '10.0.0.0/8, ::1 ,loopback' }).trustedProxies).toEqual([
      '10.0.0.0/8',
      '::1',
      'loopback',
    ])
    expect(readConfig({}).trustedProxies).toEqual([])
    for (const env of [{ TRUSTED_PROXIES: 'proxy.test' }, { BACKEND_AUTH: 'short' }, { RATE_LIMIT_READ: 'many' }]) {
      expect(() => readConfig(env as unknown as Record<string, string>)).toThrow(ConfigError)
    }
  })
})

describe('two instances on one PostgreSQL', () => {
  let server: Awaited<ReturnType<typeof realPostgres>>
  let database: Awaited<ReturnType<typeof createMigratedDatabase>>
  let db: Database
  const instance = (): RunningLimits => createLimits({ on: true, rates, db, hash, log })

  beforeAll(async () => {
    server = await realPostgres()
    database = await createMigratedDatabase(server.url())
    db = await connect({ databaseUrl: database.url, dataDir: '', poolSize: 4, log: () => undefined })
  }, 60_000)
  afterAll(async () => {
    await db.close()
    await database.drop()
    await server.stop()
  })

  test('what one has counted the other knows after an exchange', async () => {
    const [one, two] = [instance(), instance()]
    expect(await through(one, 6)).toBe(6)
    expect(await through(two, 2)).toBe(2)
    await one.exchange()
    await two.exchange()
    expect(await through(two, 10)).toBe(2)
    await two.exchange()
    // Whoever tells of a key hears of it: one more passes, at most, before it knows.
    expect(await through(one, 1)).toBe(1)
    await one.exchange()
    expect(await through(one, 10)).toBe(0)
    await Promise.all([one.stop(), two.stop()])
  })

  test('an instance that stops tells what it has counted', async () => {
    const [one, two] = [instance(), instance()]
    expect(await through(one, 6, 'edsger')).toBe(6)
    await one.stop()
    await two.take('sign_in_account', 'edsger')
    await two.exchange()
    expect(await through(two, 20, 'edsger')).toBe(3)
  })

  test('a window is as long as whoever began it told; what comes after it begins another, with nothing of it', async () => {
    const tell = async (points: number, ms: number) => (await tellCounts(db.knex, [{ key: 'a window', points, ms }]))[0]
    expect(await tell(7, 60_000)).toMatchObject({ points: 7 })
    expect(await tell(-9, 60_000)).toMatchObject({ points: 0 })
    await db.knex('rate_limits').where({ key: 'a window' }).del()
    await tell(7, 400)
    expect((await tell(1, 60_000))?.ms).toBeLessThanOrEqual(400)
    await new Promise((resolve) => setTimeout(resolve, 450))
    const next = await tell(1, 60_000)
    expect([next?.points, (next?.ms ?? 0) > 50_000]).toEqual([1, true])
  })

  test('two that tell of the same keys in another order never wait for each other in a circle', async () => {
    const deltas = Array.from({ length: 1000 }, (_, index) => ({ key: `circle ${index}`, points: 1, ms: 60_000 }))
    const orders = [deltas, deltas.toReversed(), deltas, deltas.toReversed()]
    for (let turn = 0; turn < 3; turn += 1) await Promise.all(orders.map((order) => tellCounts(db.knex, order)))
    const [last] = await tellCounts(db.knex, [{ key: 'circle 0', points: 1, ms: 60_000 }])
    expect(last?.points).toBe(13)
  })

  test('what is given back after an exchange is given back everywhere', async () => {
    const [one, two] = [instance(), instance()]
    expect(await through(one, 9, 'grace')).toBe(9)
    await one.exchange()
    for (let turn = 0; turn < 9; turn += 1) await one.giveBack('sign_in_account', 'grace')
    await one.exchange()
    await two.take('sign_in_account', 'grace')
    await two.exchange()
    expect(await through(two, 20, 'grace')).toBe(9)
  })

  test('a caller who is far from the limit costs no row, and no row says who it is about', async () => {
    const limits = instance()
    await db.knex('rate_limits').del()
    for (let turn = 0; turn < 9; turn += 1) await limits.take('sign_in_address', '192.0.2.7')
    await limits.exchange()
    expect(await db.knex('rate_limits')).toEqual([])
    await limits.take('sign_in_address', '192.0.2.7')
    await limits.exchange()
    expect(await db.knex('rate_limits').select('key', 'points')).toEqual([
      { key: 'hash of sign_in_address 192.0.2.7', points: 10 },
    ])
  })

  test('F2 while the database is away each counts alone, and what was counted is told afterwards', async () => {
    const [one, two] = [instance(), instance()]
    await db.knex.raw('alter table rate_limits rename to rate_limits_gone')
    expect(await through(one, 4, 'joan')).toBe(4)
    await one.exchange()
    await one.exchange()
    expect(said.filter((words) => words.startsWith('rate limits cannot be shared'))).toHaveLength(1)
    await db.knex.raw('alter table rate_limits_gone rename to rate_limits')
    await one.exchange()
    expect(said).toContain('rate limits are shared again')
    await two.take('sign_in_account', 'joan')
    await two.exchange()
    expect(await through(two, 20, 'joan')).toBe(5)
  })

  test('the beat exchanges by itself', async () => {
    const [one, two] = [instance(), instance()]
    one.start()
    two.start()
    expect(await through(one, 10, 'mary')).toBe(10)
    await new Promise((resolve) => setTimeout(resolve, 700))
    await two.take('sign_in_account', 'mary')
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(await through(two, 5, 'mary')).toBe(0)
    await Promise.all([one.stop(), two.stop()])
  })
})
