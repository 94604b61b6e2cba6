import { startContender } from '../contender.js'
import { inTurn, ratio } from '../measure.js'
import { proveToken } from '../proof.js'
import { startService, tokenOf } from '../service.js'

const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** The form that asks for a token. */
export const formOf = (job, extra = {}) => ({
  grant_type: 'client_credentials',
  client_id: job.clientId,
  client_secret: job.secret,
  scope: job.claims.scope,
  ...extra,
})

/** The request that the load repeats. */
export const tokenRequest = (path, form) => ({
  warmRequests: path.startsWith('/api/auth') ? 1000 : 8000,
  requests: [{ method: 'POST', path, headers: FORM_TYPE, body: new URLSearchParams(form).toString() }],
})

/** Where each contender has its token endpoint. */
const PLACES = {
  gatehouse: { path: '/oauth/token', jwks: '/.well-known/jwks.json' },
  limit: { path: '/oauth/token', jwks: '/jwks' },
  oidc: { path: '/token', jwks: '/jwks' },
  better: { path: '/api/auth/oauth2/token', jwks: '/api/auth/jwks', extra: { resource: 'http://localhost:3000/api' } },
}

/** What all contenders are told: the client, and the claims of a real token of ours. */
export async function jobOf({ url, demo }, alg) {
  const running = await startService({ databaseUrl: url('gatehouse'), alg })
  try {
    const token = await tokenOf(running.port, demo.integration)
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
    return {
      alg,
      clientId: demo.integration.client_id,
      secret: demo.integration.client_secret,
      claims,
      bytes: token.length,
    }
  } finally {
    await running.stop()
  }
}

function contendersOf(job, { url, only }) {
  const peers = { DATABASE_URL: url('peers') }
  const one = (name, place, begin) => ({
    name,
    start: async () => {
      const running = await begin()
      const { path, extra } = PLACES[place]
      const form = formOf(job, extra)
      await proveToken({ port: running.port, ...PLACES[place], form }, job)
      return { ...running, plan: tokenRequest(path, form) }
    },
  })
  const all = [
    one('gatehouse', 'gatehouse', () => startService({ databaseUrl: url('gatehouse'), alg: job.alg })),
    one('limit', 'limit', () => startContender('limit.js', { job })),
    one('oidc-provider, memory', 'oidc', () => startContender('oidc-provider.js', { job })),
    one('oidc-provider, PostgreSQL', 'oidc', () => startContender('oidc-provider.js', { job, env: peers })),
    // It has no RS512.
    ...(job.alg === 'ES256'
      ? [one('better-auth, PostgreSQL', 'better', () => startContender('better-auth.js', { job, env: peers }))]
      : []),
  ]
  return only ? all.filter(({ name }) => only.includes(name)) : all
}

const TARGETS = {
  ES256: [
    ['limit', 0.65],
    ['oidc-provider, memory', 2.0],
    ['oidc-provider, PostgreSQL', 2.6],
    ['better-auth, PostgreSQL', 10],
  ],
  RS512: [
    ['limit', 0.85],
    ['oidc-provider, memory', 1.4],
  ],
}

/** client_credentials, one worker on one core. */
export async function tokens(world) {
  const parts = []
  for (const alg of world.algs ?? ['ES256', 'RS512']) {
    const job = await jobOf(world, alg)
    const results = await inTurn(contendersOf(job, world), {
      ...world.pace,
      databasePid: world.pg.pid,
      note: world.note,
    })
    parts.push({
      title: `Tokens: client_credentials, ${alg}, one worker on one core, 32 connections`,
      results,
      ratios: TARGETS[alg]
        .filter(([name]) => results[name] && results.gatehouse)
        .map(([name, target]) => ({
          name: `${alg}: gatehouse ÷ ${name}`,
          ...ratio(results, 'gatehouse', name),
          atLeast: target,
        })),
    })
  }
  return parts
}
