import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { amount, type Instance, load, startWorld, tokenAt } from './world.js'

jest.setTimeout(3_600_000)

/** Acknowledged writes between two kills, at least. */
const WRITES = 10

describe.each([
  ['postgresql', amount(2, 100)],
  ['embedded', amount(2, 100)],
] as const)('F1, F24 kill -9 of the service on %s', (engine, kills) => {
  let world: Awaited<ReturnType<typeof startWorld>>
  beforeAll(async () => {
    world = await startWorld(engine)
  })
  afterAll(() => world?.stop())

  /** Names of the roles that exist, and of those whose creation stands in the versions: asked of the service itself. */
  async function standing({ url }: Instance, token: string): Promise<{ roles: Set<string>; versions: Set<string> }> {
    const read = async (path: string, nameOf: (one: Body) => string): Promise<Set<string>> => {
      const names = new Set<string>()
      for (let page = 1; ; page += 1) {
        const answer = await fetch(`${url}/api${path}page[size]=100&page[number]=${page}`, {
          headers: { authorization: `Bearer ${token}` },
        })
        const body = (await answer.json()) as { data: Body[]; meta: { page_count: number } }
        for (const one of body.data) names.add(nameOf(one))
        if (page >= body.meta.page_count) return names
      }
    }
    return {
      roles: await read(`/roles?filter[q][name_start]=r&`, (one) => String(one.attributes.name)),
      versions: await read('/versions?filter[q][resource_type_eq]=roles&filter[q][event_eq]=create&', (one) =>
        String(one.attributes.changes.name?.[1]),
      ),
    }
  }

  test(`${kills} kills under write load: nothing acknowledged is lost, nothing stands half, ready again, tokens stay good`, async () => {
    let instance = await world.start()
    const token = await tokenAt(instance.url, world.demo.owner)
    const options = { token, organizationId: world.organizationId, concurrency: 8, url: () => instance.url }
    const running = load(options)
    const readyAfter: number[] = []
    for (let kill = 0; kill < kills; kill += 1) {
      // In the middle of writing, wherever in a transaction that is.
      const before = running.met.acknowledged.size
      while (running.met.acknowledged.size < before + WRITES) await sleep(5)
      await sleep(Math.random() * 100)
      await instance.child.stop('SIGKILL')
      const began = performance.now()
      instance = await world.start()
      readyAfter.push(performance.now() - began)
      if (kill % 10 === 9) process.stderr.write(`F1 ${engine}: ${kill + 1} kills\n`)
    }
    await sleep(300)
    const { acknowledged, statuses } = await running.stop()
    const { roles, versions } = await standing(instance, token)
    expect([...acknowledged].filter((name) => !roles.has(name))).toEqual([])
    expect([...roles].filter((name) => name.length === 11 && !versions.has(name))).toEqual([])
    expect(acknowledged.size).toBeGreaterThanOrEqual(kills * WRITES)
    expect([...statuses.keys()].filter((status) => ![201, 503, 'cut'].includes(status))).toEqual([])
    const slowest = Math.max(...readyAfter)
    process.stderr.write(
      `F1 ${engine}: ${kills} kills, ${acknowledged.size} acknowledged, ready after at most ${Math.round(slowest)} ms\n`,
    )
    // Wide, so that the gate judges faults and not what else the machine does; the figure stands in the line above.
    expect(slowest).toBeLessThan(30_000)
  })
})

// biome-ignore lint/suspicious/noExplicitAny: documents are looked into
type Body = any
