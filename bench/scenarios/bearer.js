import { join } from 'node:path'
import { ended, startNode } from '../processes.js'
import { ROOT, serviceEnv } from '../service.js'

/** CPU of one warm check of a token inside the process: cache, expiry, key, revocations. */
export async function bearer({ url, demo }) {
  const parts = []
  for (const alg of ['ES256', 'RS512']) {
    const env = { ...serviceEnv({ databaseUrl: url('gatehouse'), alg }), CREDENTIALS: JSON.stringify(demo.integration) }
    const child = startNode([join(ROOT, 'bench/in-process-bearer.js')], {
      cores: '0',
      env,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const seen = await new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', (code) => reject(new Error(`the check ended with ${code}`)))
    })
    await ended(child)
    parts.push({ name: `${alg}: warm check`, value: seen.micros, unit: 'µs CPU', atMost: 5 })
    parts.push({ name: `${alg}: first check of a token`, value: seen.coldMicros, unit: 'µs CPU' })
  }
  return [
    {
      title: 'Bearer check, in process, revocation included (median of 20 batches of 20,000)',
      results: {},
      ratios: parts,
    },
  ]
}
