import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { amount, load, lostOf, normalAgain, startWorld, tokenAt } from './world.js'

jest.setTimeout(1_200_000)

const DEADLINE_MS = 20_000

describe('PostgreSQL goes away under load', () => {
  let world: Awaited<ReturnType<typeof startWorld>>
  let options: Parameters<typeof load>[0]
  beforeAll(async () => {
    world = await startWorld('postgresql')
    const instance = await world.start()
    const token = await tokenAt(instance.url, world.demo.owner)
    options = { token, organizationId: world.organizationId, concurrency: 12, url: () => instance.url }
  })
  afterAll(() => world?.stop())

  test.each([
    ['fast', 'SIGINT'],
    ['immediate', 'SIGQUIT'],
  ] as const)(
    'F2 a %s restart: only 503 with Retry-After meanwhile, normal within 5 s, nothing acknowledged is lost',
    async (_, signal) => {
      const rounds = amount(1, 10)
      for (let round = 0; round < rounds; round += 1) {
        const running = load(options)
        await sleep(500)
        await world.postgres?.halt(signal)
        await sleep(1000)
        await world.postgres?.resume()
        const back = await normalAgain(options, 15_000)
        const met = await running.stop()
        expect([...met.statuses.keys()].filter((status) => ![201, 503].includes(Number(status)))).toEqual([])
        expect(met.statuses.get(503)).toBeGreaterThan(0)
        expect(met.withoutRetryAfter).toBe(0)
        expect(met.slowestMs).toBeLessThan(DEADLINE_MS)
        expect(back).toBeLessThan(5_000)
        expect(await lostOf(world, met)).toEqual([])
        process.stderr.write(
          `F2 ${signal}: normal after ${Math.round(back)} ms, slowest ${Math.round(met.slowestMs)} ms\n`,
        )
      }
    },
  )

  test('F3 away for longer: alive, not ready, every answer in bounded time, and normal when it is back', async () => {
    const url = options.url()
    await world.postgres?.halt('SIGINT')
    const running = load({ ...options, concurrency: 4 })
    await sleep(amount(8_000, 60_000))
    const [health, ready] = await Promise.all([fetch(`${url}/health`), fetch(`${url}/ready`)])
    expect([health.status, ready.status]).toEqual([200, 503])
    const met = await running.stop()
    expect([...met.statuses.keys()]).toEqual([503])
    expect(met.withoutRetryAfter).toBe(0)
    expect(met.slowestMs).toBeLessThan(DEADLINE_MS)
    await world.postgres?.resume()
    expect(await normalAgain(options, 15_000)).toBeLessThan(5_000)
    expect((await fetch(`${url}/ready`)).status).toBe(200)
  })
})
