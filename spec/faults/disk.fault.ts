import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type Instance, load, lostOf, type Met, normalAgain, startWorld, tokenAt } from './world.js'

jest.setTimeout(600_000)

const TMPFS = ['-t', 'tmpfs', '-o', 'size=256m,mode=0755', 'tmpfs']

/** Mounts one, where this user may.  @returns where it is, and how to end it */
function mounted(point: string): { path: string; unmount(): void } | undefined {
  if (spawnSync('mount', [...TMPFS, point]).status !== 0) return undefined
  return { path: point, unmount: () => void execFileSync('umount', ['--lazy', point]) }
}

/** The same in a namespace of a process's own, in which any user may mount: others reach it through `/proc`. */
async function mountedInNamespace(point: string): Promise<ReturnType<typeof mounted>> {
  const script = `mount ${TMPFS.join(' ')} ${point} && echo mounted && exec sleep 3600`
  const flags = ['--user', '--map-current-user', '--keep-caps', '--mount']
  const holder = spawn('unshare', [...flags, 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  const said = new Promise<boolean>((resolve) => {
    holder.stdout.once('data', () => resolve(true))
    holder.once('error', () => resolve(false)).once('close', () => resolve(false))
  })
  if (!(await said)) return undefined
  return { path: `/proc/${holder.pid}/root${point}`, unmount: () => void holder.kill('SIGKILL') }
}

/** A disk of its own, in memory, that can be filled to the last byte and emptied again. */
async function smallDisk() {
  const point = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'))
  const disk = mounted(point) ?? (await mountedInNamespace(point))
  if (disk === undefined)
    throw new Error('F9 needs a disk of its own: this user may neither mount one nor make a namespace.')
  const { path } = disk
  const ballast = join(path, 'ballast')
  return {
    path,
    fill(): void {
      const file = openSync(ballast, 'w')
      for (const size of [1 << 20, 1 << 12]) {
        try {
          for (;;) writeSync(file, Buffer.alloc(size))
        } catch (error) {
          expect((error as { code?: string }).code).toBe('ENOSPC')
        }
      }
      closeSync(file)
    },
    empty: (): void => rmSync(ballast, { force: true }),
    remove(): void {
      disk.unmount()
      rmdirSync(point)
    },
  }
}

/** Small enough for the disk. */
const SETTINGS = { max_wal_size: '64MB', min_wal_size: '32MB' }

describe('F9 the disk of the database is full', () => {
  let disk: Awaited<ReturnType<typeof smallDisk>>
  let world: Awaited<ReturnType<typeof startWorld>>
  let instance: Instance
  let options: Parameters<typeof load>[0]
  beforeAll(async () => {
    disk = await smallDisk()
    world = await startWorld('postgresql', { parent: disk.path, settings: SETTINGS })
    instance = await world.start()
    const { url } = instance
    const token = await tokenAt(url, world.demo.owner)
    options = { token, organizationId: world.organizationId, concurrency: 6, url: () => url }
  })
  afterAll(async () => {
    await world?.stop()
    disk?.remove()
  })

  /** What reads and new tokens are answered, one after the other, until it is called. */
  function reading(): () => Promise<number[]> {
    const statuses: number[] = []
    let stopped = false
    const ask = async (path: string): Promise<void> => {
      const answer = await fetch(`${options.url()}${path}`, { headers: { authorization: `Bearer ${options.token}` } })
      await answer.arrayBuffer()
      statuses.push(answer.status)
    }
    const all = (async () => {
      while (!stopped) {
        for (const path of ['/api/roles?page[size]=5&include=permissions', '/api/user', '/ready']) await ask(path)
        expect(await tokenAt(options.url(), world.demo.owner)).toMatch(/^ey/)
        await sleep(20)
      }
    })()
    return async () => {
      stopped = true
      await all
      return statuses
    }
  }

  const refused = ({ statuses }: Met): number => statuses.get(503) ?? 0

  async function until(what: () => boolean, patienceMs: number): Promise<void> {
    const last = performance.now() + patienceMs
    while (!what() && performance.now() < last) await sleep(20)
    expect(what()).toBe(true)
  }

  function expectOnly503(met: Met): void {
    expect([...met.statuses.keys()].filter((status) => ![201, 503].includes(Number(status)))).toEqual([])
    expect(met.withoutRetryAfter).toBe(0)
  }

  test('reads go on, writes are 503 with Retry-After, all is well when there is room again, nothing acknowledged is lost', async () => {
    const running = load(options)
    await sleep(500)
    disk.fill()
    // Pages that have room left take a few more.
    await until(() => refused(running.met) > 0, 20_000)
    const read = reading()
    await until(() => refused(running.met) > 200, 20_000)
    const statuses = await read()
    disk.empty()
    const back = await normalAgain(options, 15_000)
    const met = await running.stop()
    process.stderr.write(
      `F9: ${statuses.length} reads, writes ${JSON.stringify([...met.statuses])}, normal after ${Math.round(back)} ms\n`,
    )
    expect([statuses.length > 5, new Set(statuses)]).toEqual([true, new Set([200])])
    expectOnly503(met)
    // By which docs/operations/README.md knows it.
    expect(instance.child.output()).toMatch(/"code":"53100".*"msg":"a request failed"/)
    expect(back).toBeLessThan(5_000)
    expect(await lostOf(world, met)).toEqual([])
  })

  test('without room for its log PostgreSQL ends itself: 503 until it is started with room, nothing acknowledged is lost', async () => {
    const running = load(options)
    await sleep(500)
    disk.fill()
    const ended = (async () => {
      for (;;) await world.query("select pg_logical_emit_message(false, 'spec', repeat('x', 1000000))")
    })()
    await expect(ended).rejects.toThrow()
    const before = refused(running.met)
    await until(() => refused(running.met) > before + 5, 20_000)
    expect((await fetch(`${options.url()}/health`)).status).toBe(200)
    disk.empty()
    await world.postgres?.halt('SIGQUIT')
    await world.postgres?.resume()
    const back = await normalAgain(options, 15_000)
    const met = await running.stop()
    expectOnly503(met)
    expect(back).toBeLessThan(5_000)
    expect(await lostOf(world, met)).toEqual([])
  })
})
