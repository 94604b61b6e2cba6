import { load, median } from '../measure.js'
import { startService, tokenOf } from '../service.js'
import { tokenRequest } from './tokens.js'

const SIGN_INS = 16
/** ATTACKS S7. */
const CROWD = 200

/** p99 of some requests at a steady rate, alone and beside people who sign in, in turn. */
async function besides({ port, pace, note }, { asked, people }) {
  const idle = []
  const beside = []
  const steady = { port, connections: 4, rate: 50, ...pace, ...asked, warmRequests: 400 }
  for (let round = 0; round < pace.rounds; round += 1) {
    idle.push(await load(steady, { cores: undefined }))
    const seconds = pace.warmSeconds + pace.seconds + 1
    const crowd = load({ port, ...people, warmRequests: 0, warmSeconds: 0.2, seconds }, { cores: undefined })
    beside.push(await load(steady, { cores: undefined }))
    const { perSecond, refused } = await crowd
    note(
      `idle p99 ${idle.at(-1).p99.toFixed(1)} ms, beside ${beside.at(-1).p99.toFixed(1)} ms; ${perSecond.toFixed(0)} answers/s to people, ${refused} refused`,
    )
  }
  const p99 = (list) => median(list.map((one) => one.p99))
  return { alone: p99(idle), beside: p99(beside) }
}

const ratiosOf = ({ alone, beside }) => [
  { name: 'p99 alone', value: alone, unit: 'ms' },
  { name: 'p99 beside sign-ins', value: beside, unit: 'ms' },
  { name: 'beside ÷ alone', value: beside / alone, atMost: 5 },
]

/** client_credentials beside sixteen shoppers who sign in with their passwords, and a read beside two hundred, of whom
 *  those who are one too many for the hashes are refused and come again after a second; on all cores. */
export async function passwords({ url, demo, pace, note }) {
  const { client_id, client_secret } = demo.integration
  const { email: username, password } = demo.customer
  const form = { client_id: demo.sales_channel.client_id, username, password, scope: demo.market_scope }
  const signIn = tokenRequest('/oauth/token', { grant_type: 'password', ...form })
  const running = await startService({ databaseUrl: url('gatehouse'), cores: undefined })
  try {
    const at = { port: running.port, pace, note }
    const machines = await besides(at, {
      asked: tokenRequest('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret }),
      people: { connections: SIGN_INS, ...signIn },
    })
    const headers = { Authorization: `Bearer ${await tokenOf(running.port, demo.owner)}` }
    const readers = await besides(at, {
      asked: { requests: [{ method: 'GET', path: '/api/user', headers }] },
      people: { connections: CROWD, rate: 1, refusals: [429, 503], ...signIn },
    })
    return [
      {
        title: `Beside passwords: client_credentials at a steady 200/s, alone and beside ${SIGN_INS} sign-ins in flight, ES256, all cores`,
        results: {},
        ratios: ratiosOf(machines),
      },
      {
        title: `Beside passwords: GET /api/user at a steady 200/s, alone and beside ${CROWD} people who sign in at once (429 for those who are too many), all cores`,
        results: {},
        ratios: ratiosOf(readers),
      },
    ]
  } finally {
    await running.stop()
  }
}
