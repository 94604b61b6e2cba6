import { inTurn, ratio } from '../measure.js'
import { startService } from '../service.js'
import { formOf, jobOf, tokenRequest } from './tokens.js'

/** Instances of the service on one database, the connections spread over them. */
function contender({ world, job, alg }, name, count) {
  const start = async () => {
    const instances = []
    for (let made = 0; made < count; made += 1)
      instances.push(await startService({ databaseUrl: world.url('gatehouse'), alg, cores: String(made) }))
    return {
      port: instances[0].port,
      pid: instances.map(({ pid }) => pid),
      plan: { ...tokenRequest('/oauth/token', formOf(job)), ports: instances.map(({ port }) => port) },
      loadCores: '0-63',
      stop: () => Promise.all(instances.map((one) => one.stop())),
    }
  }
  return { name, start }
}

/** How much more two instances answer than one, each on a core of its own. The load shares these cores: for ES256 it takes an
 *  eighth of what an instance takes for a request, so two cores cannot give much more than 1.6. */
export async function workers(world) {
  const parts = []
  for (const alg of ['RS512', 'ES256']) {
    const made = { world, job: await jobOf(world, alg), alg }
    const pace = { ...world.pace, databasePid: world.pg.pid, note: world.note }
    const results = await inTurn([contender(made, 'one worker', 1), contender(made, 'two workers', 2)], pace)
    const value = ratio(results, 'two workers', 'one worker')
    parts.push({
      title: `Workers: client_credentials, ${alg}, one and two instances, each on a core of its own, the load beside them`,
      results,
      ratios: [{ name: `${alg}: two workers ÷ one`, ...value, atLeast: 1.6 }],
    })
  }
  return parts
}
