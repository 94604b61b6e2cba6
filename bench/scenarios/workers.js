import { inTurn, ratio } from '../measure.js'
import { startService } from '../service.js'
import { jobOf, tokenRequest } from './tokens.js'

const formOf = (job) => ({
  grant_type: 'client_credentials',
  client_id: job.clientId,
  client_secret: job.secret,
  scope: job.claims.scope,
})

/** Instances of the service on one database, the connections spread over them; the load shares their cores. One instance
 *  signs RS512 on all cores already, so that only ES256, signed on the event loop, has a target. */
export async function workers(world) {
  const parts = []
  for (const alg of ['ES256', 'RS512']) {
    const job = await jobOf(world, alg)
    const contender = (name, count) => ({
      name,
      start: async () => {
        const begin = () => startService({ databaseUrl: world.url('gatehouse'), alg, cores: undefined })
        const instances = []
        for (let made = 0; made < count; made += 1) instances.push(await begin())
        return {
          port: instances[0].port,
          pid: instances.map(({ pid }) => pid),
          plan: { ...tokenRequest('/oauth/token', formOf(job)), ports: instances.map(({ port }) => port) },
          loadCores: '0-63',
          stop: () => Promise.all(instances.map((one) => one.stop())),
        }
      },
    })
    const pace = { ...world.pace, databasePid: world.pg.pid, note: world.note }
    const results = await inTurn([contender('one worker', 1), contender('two workers', 2)], pace)
    const target = alg === 'ES256' ? { atLeast: 1.6 } : {}
    parts.push({
      title: `Workers: client_credentials, ${alg}, one and two instances on all cores, the load beside them`,
      results,
      ratios: [{ name: `${alg}: two workers ÷ one`, ...ratio(results, 'two workers', 'one worker'), ...target }],
    })
  }
  return parts
}
