import { inTurn, ratio } from '../measure.js'
import { startService } from '../service.js'
import { formOf, jobOf, tokenRequest } from './tokens.js'

/** Instances of the service on one database, the connections spread over them. */
function contender({ world, job, alg, connections }, name, count) {
  const start = async () => {
    const instances = []
    for (let made = 0; made < count; made += 1)
      instances.push(await startService({ databaseUrl: world.url('gatehouse'), alg, cores: String(made) }))
    const plan = { ...tokenRequest('/oauth/token', formOf(job)), connections, ports: instances.map(({ port }) => port) }
    return {
      port: instances[0].port,
      pid: instances.map(({ pid }) => pid),
      plan,
      loadCores: '0-63',
      stop: () => Promise.all(instances.map((one) => one.stop())),
    }
  }
  return { name, start }
}

/** 64: as many to each of two instances as one has in the other scenarios. 32 in all is told beside it, where the load costs
 *  most: with half as many each, an instance answers in smaller batches, and waits for the load more often. */
const CASES = [
  { alg: 'RS512', connections: 64, atLeast: 1.6 },
  { alg: 'ES256', connections: 64, atLeast: 1.6 },
  { alg: 'ES256', connections: 32 },
]

/** How much more two instances answer than one, each on a core of its own. The load shares these cores: for ES256 it takes a
 *  sixth of what an instance takes for a request, so two cores cannot give much more than 1.6. */
export async function workers(world) {
  const parts = []
  for (const { alg, connections, atLeast } of CASES) {
    const made = { world, job: await jobOf(world, alg), alg, connections }
    const pace = { ...world.pace, databasePid: world.pg.pid, note: world.note }
    const results = await inTurn([contender(made, 'one worker', 1), contender(made, 'two workers', 2)], pace)
    const value = ratio(results, 'two workers', 'one worker')
    const of = `${alg}, ${connections} connections`
    parts.push({
      title: `Workers: client_credentials, ${of} in all, one and two instances, each on a core of its own, the load beside them`,
      results,
      ratios: [{ name: `${of}: two workers ÷ one`, ...value, ...(atLeast && { atLeast }) }],
    })
  }
  return parts
}
