import { inTurn, ratio } from '../measure.js'
import { startService } from '../service.js'
import { jobOf, tokenRequest } from './tokens.js'

const formOf = (job) => ({
  grant_type: 'client_credentials',
  client_id: job.clientId,
  client_secret: job.secret,
  scope: job.claims.scope,
})

/** The load shares the cores of the instances, and for each request it takes a third of what an instance takes for ES256:
 *  with two cores, a second instance has little left. So the target is asked of RS512, where the instances do nearly all
 *  of the work: each on a core of its own, or one would sign in threads on all of them. */
const VARIANTS = [
  { alg: 'RS512', where: 'each on a core of its own', coreOf: (index) => String(index), target: { atLeast: 1.6 } },
  { alg: 'ES256', where: 'on all cores', coreOf: () => undefined, target: {} },
]

/** Instances of the service on one database, the connections spread over them. */
function contender({ world, job, alg, coreOf }, name, count) {
  const start = async () => {
    const instances = []
    for (let made = 0; made < count; made += 1)
      instances.push(await startService({ databaseUrl: world.url('gatehouse'), alg, cores: coreOf(made) }))
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

/** How much more two instances answer than one. */
export async function workers(world) {
  const parts = []
  for (const { alg, where, coreOf, target } of VARIANTS) {
    const made = { world, job: await jobOf(world, alg), alg, coreOf }
    const pace = { ...world.pace, databasePid: world.pg.pid, note: world.note }
    const both = [contender(made, 'one worker', 1), contender(made, 'two workers', 2)]
    const results = await inTurn(both, pace)
    parts.push({
      title: `Workers: client_credentials, ${alg}, one and two instances, ${where}, the load beside them`,
      results,
      ratios: [{ name: `${alg}: two workers ÷ one`, ...ratio(results, 'two workers', 'one worker'), ...target }],
    })
  }
  return parts
}
