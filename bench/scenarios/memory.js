import { load } from '../measure.js'
import { residentMb } from '../processes.js'
import { seedMemberships } from '../seed.js'
import { startService, tokenOf } from '../service.js'
import { tokenRequest } from './tokens.js'

/** Resident memory of a worker on PostgreSQL after tokens, lists and lists with includes. */
export async function memory(world) {
  await seedMemberships(world)
  const { url, demo, pace } = world
  const { client_id, client_secret } = demo.integration
  const running = await startService({ databaseUrl: url('gatehouse') })
  try {
    const headers = { Authorization: `Bearer ${await tokenOf(running.port, demo.integration)}` }
    const list = '/api/memberships?sort=-created_at&page[size]=25'
    const plans = [
      tokenRequest('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret }),
      { requests: [{ method: 'GET', path: list, headers }] },
      { requests: [{ method: 'GET', path: `${list}&include=organization,role,membership_profile`, headers }] },
    ]
    const atStart = residentMb(running.pid)
    for (const plan of plans) await load({ port: running.port, connections: 32, ...pace, ...plan })
    return [
      {
        title: 'Memory of one worker on PostgreSQL',
        results: {},
        ratios: [
          { name: 'after the start', value: atStart, unit: 'MB RSS' },
          { name: 'after tokens, lists and includes', value: residentMb(running.pid), unit: 'MB RSS', atMost: 150 },
        ],
      },
    ]
  } finally {
    await running.stop()
  }
}
