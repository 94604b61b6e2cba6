import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from '../measure.js'
import { startService } from '../service.js'

/** From the start of the process to an answer of /health, with the defaults (RS512), on all cores: the embedded engine on
 *  an empty directory (it makes the database, the schema, the keys and the demo), and again on the same. */
export async function starts({ pace, note, url }) {
  const first = []
  const warm = []
  const server = []
  for (let round = 0; round < Math.max(3, pace.rounds); round += 1) {
    const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
    try {
      for (const list of [first, warm]) {
        const running = await startService({ dataDir, alg: 'RS512', cores: undefined })
        list.push(running.startMs / 1000)
        await running.stop()
      }
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
    const running = await startService({ databaseUrl: url('gatehouse'), alg: 'RS512', cores: undefined })
    server.push(running.startMs / 1000)
    await running.stop()
    note(
      `first ${first.at(-1).toFixed(2)} s, warm ${warm.at(-1).toFixed(2)} s, on PostgreSQL ${server.at(-1).toFixed(2)} s`,
    )
  }
  return [
    {
      title: 'Start: until /health answers',
      results: {},
      ratios: [
        { name: 'embedded, first start', value: median(first), unit: 's', atMost: 5 },
        { name: 'embedded, warm start', value: median(warm), unit: 's', atMost: 1.5 },
        { name: 'PostgreSQL, migrated', value: median(server), unit: 's' },
      ],
    },
  ]
}
