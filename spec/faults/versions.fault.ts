import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { runGatehouse } from '../support/child.js'
import { temporaryFolder } from '../support/database.js'
import { startRetryingProxy } from './proxy.js'
import { amount, type Instance, load, normalAgain, startWorld, tokenAt } from './world.js'

jest.setTimeout(600_000)

let world: Awaited<ReturnType<typeof startWorld>>
let old: Instance
let token: string
let folder: ReturnType<typeof temporaryFolder>
beforeAll(async () => {
  world = await startWorld('postgresql')
  old = await world.start()
  token = await tokenAt(old.url, world.demo.owner)
  folder = temporaryFolder()
})
afterAll(async () => {
  await world?.stop()
  folder?.remove()
})

/** The next version: this one and a migration more, which adds what the old version does not know.  @returns its DIST */
function nextVersion(): string {
  for (const part of ['dist', 'migrations', 'seeds', 'package.json', 'openapi.yaml']) {
    cpSync(join(process.cwd(), part), join(folder.path, part), { recursive: true })
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder.path, 'node_modules'))
  const name = join(folder.path, 'migrations/29990101000000_next')
  writeFileSync(`${name}.up.sql`, "alter table roles add column colour text not null default 'blue';")
  writeFileSync(`${name}.down.sql`, 'alter table roles drop column colour;')
  return join(folder.path, 'dist')
}

async function ends(parameters: string[], env: Record<string, string>): Promise<[code: number | null, output: string]> {
  const child = runGatehouse(parameters, { ...world.env, ISSUER: 'http://gatehouse.test', ...env })
  const code = await new Promise<number | null>((resolve) => child.process.once('close', resolve))
  return [code, child.output()]
}

const loadOn = (url: () => string, concurrency = 4) => {
  const options = { token, organizationId: world.organizationId, concurrency, url }
  return { options, running: load(options) }
}

describe('two versions on one database', () => {
  test('F16 a migration while the old version serves: no error on either, no start of the old on the new schema, and back', async () => {
    const next = nextVersion()
    let urls = [old.url]
    let turn = 0
    const { options, running } = loadOn(() => urls[++turn % urls.length] ?? old.url)
    await sleep(300)
    const newer = await world.start({ DIST: next })
    urls = [old.url, newer.url]
    await sleep(amount(700, 5_000))
    expect(
      await world.query(
        "select 1 from information_schema.columns where table_name = 'roles' and column_name = 'colour'",
      ),
    ).toHaveLength(1)
    // What the old one wrote the new one reads, and the other way round.
    const [code, output] = await ends(['serve'], { PORT: '0' })
    expect([code, output]).toEqual([
      1,
      expect.stringContaining('A newer version of Gatehouse has run on this database'),
    ])
    urls = [old.url]
    expect(await newer.child.stop('SIGTERM')).toBe(0)
    expect(await ends(['migrate', '--rollback', '1'], { DIST: next })).toEqual([0, expect.any(String)])
    await sleep(300)
    const again = await world.start()
    urls = [again.url]
    await sleep(300)
    const { statuses, withoutRetryAfter } = await running.stop()
    // A lock that a migration takes may be waited for, no more.
    expect([...statuses.keys()].filter((status) => ![201, 503].includes(Number(status)))).toEqual([])
    expect([statuses.get(503) ?? 0, withoutRetryAfter]).toEqual([0, 0])
    expect(await normalAgain({ ...options, url: () => old.url }, 5_000)).toBeLessThan(5_000)
    expect(await again.child.stop('SIGTERM')).toBe(0)
  })
})

describe('a rolling restart', () => {
  test('F13 of two instances under load, behind a proxy that repeats what may be repeated: no request fails', async () => {
    const instances = [old, await world.start()]
    const proxy = await startRetryingProxy(() => instances.map(({ url }) => url))
    const failed: (number | string)[] = []
    let [reads, stopped] = [0, false]
    const read = async (): Promise<void> => {
      while (!stopped) {
        const headers = { authorization: `Bearer ${token}` }
        const status = await fetch(`${proxy.url}/api/roles?page[size]=5`, { headers }).then(
          (answer) => answer.arrayBuffer().then(() => answer.status),
          (error: Error) => String(error.cause ?? error),
        )
        reads += 1
        if (status !== 200) failed.push(status)
      }
    }
    const readers = Array.from({ length: 4 }, read)
    const { running } = loadOn(() => proxy.url, 2)
    for (let round = 0; round < amount(1, 5); round += 1) {
      for (let index = 0; index < instances.length; index += 1) {
        await sleep(500)
        expect(await instances[index]?.child.stop('SIGTERM')).toBe(0)
        instances[index] = await world.start()
      }
    }
    await sleep(500)
    stopped = true
    await Promise.all(readers)
    const { statuses } = await running.stop()
    await proxy.stop()
    process.stderr.write(`F13: ${reads} reads, writes ${JSON.stringify([...statuses])}\n`)
    expect(failed).toEqual([])
    expect(reads).toBeGreaterThan(20)
    expect([...statuses.keys()]).toEqual([201])
    for (const { child } of instances) await child.stop('SIGTERM')
  })
})
