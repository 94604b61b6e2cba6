import { startContender } from '../contender.js'
import { inTurn, ratio } from '../measure.js'
import { startService, tokenOf } from '../service.js'

/** Creating a merchant with its version row, against the same two inserts in one hand-written transaction. */
export async function writes(world) {
  const organization = world.demo.organization.id
  const document = {
    data: {
      type: 'merchants',
      attributes: { name: 'Northern Lights Trading', metadata: { team: 'north', desk: 17 } },
      relationships: { organization: { data: { type: 'organizations', id: organization } } },
    },
  }
  const planFor = (headers = {}) => ({
    warmRequests: 2000,
    requests: [
      {
        method: 'POST',
        path: '/api/merchants',
        headers: { 'Content-Type': 'application/vnd.api+json', ...headers },
        body: JSON.stringify(document),
      },
    ],
  })
  const contenders = [
    {
      name: 'gatehouse',
      start: async () => {
        const running = await startService({ databaseUrl: world.url('gatehouse') })
        const token = await tokenOf(running.port, world.demo.integration)
        return { ...running, plan: planFor({ Authorization: `Bearer ${token}` }) }
      },
    },
    {
      name: 'two inserts by hand',
      start: async () => {
        const job = { organization, api: 'http://localhost:3000/api' }
        const running = await startContender('raw-writes.js', { job, env: { DATABASE_URL: world.url('gatehouse') } })
        return { ...running, plan: planFor() }
      },
    },
  ]
  const results = await inTurn(contenders, { ...world.pace, databasePid: world.pg.pid, note: world.note })
  const value = ratio(results, 'gatehouse', 'two inserts by hand')
  return [
    {
      title: 'Writes: create with its version row, one worker on one core, 32 connections, fsync on',
      results,
      ratios: [{ name: 'gatehouse ÷ two inserts by hand', ...value, atLeast: 0.5 }],
    },
  ]
}
