import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { temporaryFolder } from '../support/database.js'
import { type Instance, startWorld, tokenAt } from './world.js'

jest.setTimeout(600_000)

/** Debian's libfaketime, which turns the clock of a whole process. FAULTS_CLOCK=date does without. */
const LIBRARY = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path) && process.env.FAULTS_CLOCK !== 'date')

/** The same for what our code sees of it, where that is not installed: `Date` is off by what a file says. */
const PRELOADED = `
import { readFileSync } from 'node:fs'
const Real = Date
let off = 0, read = -1000
const offset = () => {
  if (performance.now() - read > 20) {
    read = performance.now()
    off = Number(readFileSync(process.env.FAKETIME_TIMESTAMP_FILE, 'utf8')) * 1000
  }
  return off
}
globalThis.Date = class extends Real {
  constructor(...given) { if (given.length === 0) super(Real.now() + offset()); else super(...given) }
  static now() { return Real.now() + offset() }
}`

let world: Awaited<ReturnType<typeof startWorld>>
let folder: ReturnType<typeof temporaryFolder>
let [right, wrong]: Instance[] = []
let file: string
beforeAll(async () => {
  world = await startWorld('postgresql')
  folder = temporaryFolder()
  file = join(folder.path, 'clock')
  const shared = { FAKETIME_TIMESTAMP_FILE: file }
  writeFileSync(file, '+0')
  const preload = `data:text/javascript,${encodeURIComponent(PRELOADED)}`
  const env = LIBRARY
    ? {
        ...shared,
        LD_PRELOAD: LIBRARY,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        DONT_FAKE_MONOTONIC: '1',
      }
    : { ...shared, NODE_OPTIONS: `--import ${preload}` }
  process.stderr.write(`F11 by ${LIBRARY ?? 'a Date that is off'}\n`)
  right = await world.start()
  wrong = await world.start(env)
})
afterAll(async () => {
  await world?.stop()
  folder?.remove()
})

async function statusAt({ url }: Instance, token: string): Promise<number> {
  const answer = await fetch(`${url}/api/user`, { headers: { authorization: `Bearer ${token}` } })
  await answer.arrayBuffer()
  return answer.status
}

/** What each of the two says to a token of its own and to one of the other: [right's here, right's there, wrong's here, wrong's there] */
async function believed(): Promise<number[]> {
  const [here, there] = [right as Instance, wrong as Instance]
  const own = await tokenAt(here.url, world.demo.owner)
  const other = await tokenAt(there.url, world.demo.owner)
  return [
    await statusAt(here, own),
    await statusAt(there, own),
    await statusAt(here, other),
    await statusAt(there, other),
  ]
}

const jump = async (seconds: number): Promise<void> => {
  writeFileSync(file, seconds < 0 ? String(seconds) : `+${seconds}`)
  await sleep(150)
}

// While it runs: each is a jump.
test.each([
  ['as it should be', 0, [200, 200, 200, 200]],
  ['40 s ahead', 40, [200, 200, 200, 200]],
  ['40 s behind', -40, [200, 200, 200, 200]],
  ['2 min ahead: its tokens are from the future', 120, [200, 200, 401, 200]],
  ['2 min behind: those of others are', -120, [200, 401, 200, 200]],
  ['a day ahead: those of others have expired', 86_400, [200, 401, 401, 200]],
  ['back again', 0, [200, 200, 200, 200]],
])('F11 one of two instances, %s', async (_what, seconds, expected) => {
  await jump(seconds)
  expect(await believed()).toEqual(expected)
  for (const { url, child } of [right, wrong] as Instance[]) {
    expect([(await fetch(`${url}/health`)).status, (await fetch(`${url}/ready`)).status]).toEqual([200, 200])
    expect(child.process.exitCode).toBeNull()
  }
})

test('F11 what is revoked at an instance that is two minutes behind is dead at both', async () => {
  const [here, there] = [right as Instance, wrong as Instance]
  await jump(-120)
  const token = await tokenAt(there.url, world.demo.owner)
  expect(await statusAt(here, token)).toBe(200)
  const { client_id, client_secret } = world.demo.owner
  const body = new URLSearchParams({ client_id, client_secret, token })
  expect((await fetch(`${there.url}/oauth/revoke`, { method: 'POST', body })).status).toBe(200)
  await sleep(1_500)
  expect([await statusAt(here, token), await statusAt(there, token)]).toEqual([401, 401])
  await jump(0)
})
