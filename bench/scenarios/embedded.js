import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load, median } from '../measure.js'
import { startService, tokenOf } from '../service.js'

const PATH = '/api/permissions?page[size]=25'

/** /health while 31 connections ask for lists: the engine must not hold up what does not need it. */
export async function embedded({ url, demo, pace, note }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const seen = { embedded: [], postgresql: [] }
  const lists = { embedded: [], postgresql: [] }
  const start = async (engine) => {
    const running = await startService({
      ...(engine === 'embedded' ? { dataDir } : { databaseUrl: url('gatehouse') }),
      cores: undefined,
    })
    const { integration } =
      engine === 'embedded' ? JSON.parse(readFileSync(join(dataDir, 'demo-credentials.json'), 'utf8')) : demo
    return { ...running, token: await tokenOf(running.port, integration) }
  }
  try {
    for (let round = 0; round < pace.rounds; round += 1) {
      for (const engine of ['postgresql', 'embedded']) {
        const running = await start(engine)
        const { port } = running
        const requests = [{ method: 'GET', path: PATH, headers: { Authorization: `Bearer ${running.token}` } }]
        const crowd = load(
          { port, connections: 31, requests, warmSeconds: pace.warmSeconds, seconds: pace.seconds + 1 },
          { cores: undefined },
        )
        const health = await load(
          { port, connections: 1, rate: 200, requests: [{ method: 'GET', path: '/health' }], ...pace },
          { cores: undefined },
        )
        lists[engine].push((await crowd).perSecond)
        seen[engine].push(health.p99)
        note(`${engine}: /health p99 ${health.p99.toFixed(1)} ms beside ${lists[engine].at(-1).toFixed(0)} lists/s`)
        await running.stop()
      }
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
  return [
    {
      title: 'Embedded engine: /health at 200/s while 31 connections ask for lists of 25 permissions, all cores',
      results: {},
      ratios: [
        { name: 'PostgreSQL: /health p99', value: median(seen.postgresql), unit: 'ms' },
        { name: 'embedded: /health p99', value: median(seen.embedded), unit: 'ms' },
        {
          name: 'embedded ÷ PostgreSQL',
          value: median(seen.embedded.map((one, at) => one / seen.postgresql[at])),
          atMost: 2,
        },
        { name: 'lists, embedded ÷ PostgreSQL', value: median(lists.embedded) / median(lists.postgresql) },
      ],
    },
  ]
}
