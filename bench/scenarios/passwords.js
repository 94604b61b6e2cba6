import { load, median } from '../measure.js'
import { startService } from '../service.js'
import { tokenRequest } from './tokens.js'

const SIGN_INS = 16

/** client_credentials by itself and while sixteen shoppers sign in with their passwords, on all cores. */
export async function passwords({ url, demo, pace, note }) {
  const { client_id, client_secret } = demo.integration
  const running = await startService({ databaseUrl: url('gatehouse'), cores: undefined })
  const machine = {
    port: running.port,
    connections: 4,
    rate: 50,
    ...tokenRequest('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret }),
    warmRequests: 400,
  }
  const { email: username, password } = demo.customer
  const people = tokenRequest('/oauth/token', {
    grant_type: 'password',
    client_id: demo.sales_channel.client_id,
    username,
    password,
    scope: demo.market_scope,
  })
  const idle = []
  const beside = []
  try {
    for (let round = 0; round < pace.rounds; round += 1) {
      idle.push(await load({ ...machine, ...pace }, { cores: undefined }))
      const crowd = load(
        {
          port: running.port,
          connections: SIGN_INS,
          ...people,
          warmRequests: 0,
          warmSeconds: 0.2,
          seconds: pace.warmSeconds + pace.seconds + 1,
        },
        { cores: undefined },
      )
      beside.push(await load({ ...machine, ...pace }, { cores: undefined }))
      const signedIn = await crowd
      note(
        `idle p99 ${idle.at(-1).p99.toFixed(1)} ms, beside ${beside.at(-1).p99.toFixed(1)} ms; ${signedIn.perSecond.toFixed(0)} sign-ins/s`,
      )
    }
  } finally {
    await running.stop()
  }
  const p99 = (list) => median(list.map((one) => one.p99))
  return [
    {
      title: `Beside passwords: client_credentials at a steady 200/s, alone and beside ${SIGN_INS} sign-ins in flight, ES256, all cores`,
      results: {},
      ratios: [
        { name: 'p99 alone', value: p99(idle), unit: 'ms' },
        { name: 'p99 beside sign-ins', value: p99(beside), unit: 'ms' },
        { name: 'beside ÷ alone', value: p99(beside) / p99(idle), atMost: 5 },
      ],
    },
  ]
}
