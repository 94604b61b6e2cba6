import { startContender } from '../contender.js'
import { inTurn, ratio } from '../measure.js'
import { startService } from '../service.js'
import { jobOf } from './tokens.js'

const CONNECTIONS = 32
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' }

const refreshPlan = (path, form, values) => ({
  warmRequests: 2000,
  carry: { member: 'refresh_token', values },
  // Tokens are in base64url and dots: a form carries them as they are.
  requests: [{ method: 'POST', path, headers: FORM_TYPE, body: `${new URLSearchParams(form)}&refresh_token={carry}` }],
})

/** A family of refresh tokens for each connection: the demo's shopper signs in as often. */
async function familiesOf(port, { sales_channel: { client_id }, customer, market_scope: scope }) {
  const { email: username, password } = customer
  const made = []
  for (let count = 0; count < CONNECTIONS; count += 1) {
    const body = new URLSearchParams({ grant_type: 'password', client_id, username, password, scope })
    const answer = await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', body })
    const { refresh_token } = await answer.json()
    if (refresh_token === undefined) throw new Error(`no refresh token: ${answer.status}`)
    made.push(refresh_token)
  }
  return made
}

/** Rotation: every answer brings the next refresh token, and the one before is dead; both write to the same PostgreSQL. */
export async function refresh(world) {
  const job = await jobOf(world, 'ES256')
  const { sales_channel: channel, market_scope: scope } = world.demo
  const contenders = [
    {
      name: 'gatehouse',
      start: async () => {
        const running = await startService({ databaseUrl: world.url('gatehouse') })
        const form = { grant_type: 'refresh_token', client_id: channel.client_id }
        return { ...running, plan: refreshPlan('/oauth/token', form, await familiesOf(running.port, world.demo)) }
      },
    },
    {
      name: 'oidc-provider, PostgreSQL',
      start: async () => {
        const env = { DATABASE_URL: world.url('peers'), REFRESH: String(CONNECTIONS) }
        const running = await startContender('oidc-provider.js', { job, env })
        const form = { grant_type: 'refresh_token', client_id: job.clientId, client_secret: job.secret }
        return { ...running, plan: refreshPlan('/token', form, running.messages[0].refreshTokens) }
      },
    },
  ]
  const results = await inTurn(contenders, { ...world.pace, databasePid: world.pg.pid, note: world.note })
  const value = ratio(results, 'gatehouse', 'oidc-provider, PostgreSQL')
  return [
    {
      title: `Tokens: refresh_token with rotation, ES256 (scope ${scope}), one worker on one core, 32 connections, fsync on`,
      results,
      ratios: [{ name: 'gatehouse ÷ oidc-provider, PostgreSQL', ...value, atLeast: 1.5 }],
    },
  ]
}
