import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { newId } from '../../src/ids.js'
import { jobs } from '../../src/jobs/index.js'
import type { Job } from '../../src/jobs/job.js'
import { createRunner } from '../../src/jobs/runner.js'
import { rowsOf } from '../support/jobs.js'
import { type LogLine, type Service, startService } from '../support/service.js'

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

const job = (run: Job['run'], everySeconds = 100): Job => ({ name: `spec-${newId()}`, everySeconds, run })

/** One instance that has registered its jobs and whose timer does not run. */
async function instance(own: readonly Job[]) {
  const logs: LogLine[] = []
  const log = pino({}, { write: (line: string) => void logs.push(JSON.parse(line)) })
  const { db, parts } = service
  const context = { secrets: parts.secrets, mailer: undefined, dnsServers: [], keys: parts.keys, keyRotationDays: 0 }
  const runner = createRunner({ knex: db.knex, jobs: own, log, clock: () => new Date(), context })
  await runner.start()
  return { ...runner, logs }
}

const rowOf = async (one: Job) => (await rowsOf(service, 'jobs', { name: one.name }))[0]
const change = (one: Job, patch: Record<string, unknown>) =>
  service.db.knex('jobs').where({ name: one.name }).update(patch)
const LONG_AGO = new Date(0)

test('ten instances run a due job once', async () => {
  let runs = 0
  const counted = job(async () => {
    runs += 1
    await new Promise((resolve) => setTimeout(resolve, 50))
  })
  const instances = await Promise.all(Array.from({ length: 10 }, () => instance([counted])))
  const done = await Promise.all(instances.map((one) => one.runDue()))
  expect(done.flat()).toEqual([counted.name])
  expect(runs).toBe(1)
  expect(await rowOf(counted)).toMatchObject({ locked_until: null, locked_by: null, failures: 0, last_error: null })
  expect(await instances[3]?.runDue()).toEqual([])
  await change(counted, { next_run_at: LONG_AGO })
  expect((await Promise.all(instances.map((one) => one.runDue()))).flat()).toEqual([counted.name])
  await Promise.all(instances.map((one) => one.stop()))
})

test('a job that throws is logged, does not stop the others, and is tried again after a growing pause', async () => {
  const broken = job(async () => {
    throw new TypeError('the secret of the day')
  }, 10)
  const sound = job(async () => undefined)
  const one = await instance([broken, sound])
  const pauses: number[] = []
  for (let round = 0; round < 4; round += 1) {
    await change(broken, { next_run_at: LONG_AGO })
    const before = Date.now()
    await one.runDue()
    pauses.push(Math.round((Date.parse(String((await rowOf(broken))?.next_run_at)) - before) / 10_000))
  }
  expect(pauses).toEqual([2, 4, 8, 16])
  expect(await rowOf(broken)).toMatchObject({ failures: 4, last_error: 'TypeError', locked_until: null })
  expect(await rowOf(sound)).toMatchObject({ failures: 0, last_error: null })
  expect(one.logs.filter(({ level, job: name }) => level === 50 && name === broken.name)).toHaveLength(4)
  await one.stop()
})

test('a job whose instance has died runs elsewhere when its claim is over, and not before', async () => {
  const one = job(async () => undefined)
  const first = await instance([one])
  await change(one, { next_run_at: LONG_AGO, locked_by: 'a dead one', locked_until: new Date(Date.now() + 60_000) })
  expect(await first.runDue()).toEqual([])
  await change(one, { locked_until: LONG_AGO })
  expect(await first.runDue()).toEqual([one.name])
  await first.stop()
})

test('stop waits for the job that runs, tells it to end, and starts no other', async () => {
  let finished = false
  let begun: () => void = () => undefined
  const running = new Promise<void>((resolve) => {
    begun = resolve
  })
  const slow = job(async ({ signal }) => {
    begun()
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    await new Promise((resolve) => setTimeout(resolve, 50))
    finished = true
  })
  const one = await instance([slow])
  // Its own timer starts it, within a second or two.
  await running
  await one.stop()
  expect(finished).toBe(true)
  await change(slow, { next_run_at: LONG_AGO })
  await new Promise((resolve) => setTimeout(resolve, 1200))
  expect(await rowOf(slow)).toMatchObject({ next_run_at: LONG_AGO.toISOString() })
})

test('JOBS=off starts none, and a service with jobs stops cleanly', async () => {
  const with_ = await startService({ env: { JOBS: 'on' }, db: service.db })
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await with_.stop()
  const names = (await service.db.knex('jobs').pluck('name')).filter((name: string) => !name.startsWith('spec-'))
  expect(names.sort()).toEqual(jobs.map(({ name }) => name).sort())
  expect(names).toContain('send-mail')
  expect(with_.logs.filter(({ level }) => level >= 50)).toEqual([])
})
