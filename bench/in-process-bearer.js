// One process of the service without HTTP: how much CPU a check of a token takes. Told to the parent over IPC.
import { pino } from 'pino'
import { median } from './measure.js'
import { ROOT } from './service.js'

const load = (path) => import(`${ROOT}/dist/${path}`)
const [{ readConfig }, { connect }, { createParts }, { mintToken }, { organizationClaims }] = await Promise.all(
  ['config.js', 'db/connect.js', 'app.js', 'tokens/mint.js', 'tokens/claims.js'].map(load),
)
const config = readConfig(process.env)
const log = pino({ level: 'silent' })
const { databaseUrl, dataDir, databasePoolSize: poolSize } = config
const db = await connect({ databaseUrl, dataDir, poolSize, log: () => undefined })
const parts = await createParts({ config, db, log })
await parts.start()

const { client_id: clientId } = JSON.parse(process.env.CREDENTIALS)
const subject = {
  applicationId: 'benchbench',
  clientId,
  authenticated: true,
  secretId: 'benchbench',
  lifetimeSeconds: 7200,
  scope: 'market:all',
  test: false,
}
const claimsAt = (now) =>
  organizationClaims(
    'integration',
    { ...subject, organization: { id: 'benchbench', slug: 'bench', region: 'eu-west-1' } },
    { issuer: config.issuer, audience: config.apiUrl, now },
  )
const mint = (now) => mintToken(parts.keys, claimsAt(now), now)

// What has been awaited without a turn of the event loop starves the timers: the news would grow stale.
const turn = () => new Promise((next) => setTimeout(next, 20))

async function microsOf(count, work) {
  await turn()
  const before = process.cpuUsage()
  for (let at = 0; at < count; at += 1) await work(at)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

const now = new Date()
const fresh = await Promise.all(Array.from({ length: 500 }, () => mint(now)))
const coldMicros = await microsOf(fresh.length, (at) => parts.verifier.verify(fresh[at], now))
const [token] = fresh
const batches = []
for (let batch = 0; batch < 20; batch += 1)
  batches.push(await microsOf(20_000, () => parts.verifier.verify(token, new Date())))
process.send({ micros: median(batches), coldMicros })
await parts.stop()
await db.close()
process.exit(0)
