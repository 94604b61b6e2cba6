// How the cost of reading grows with an organization: the same questions of one with 1,000 memberships and 1,000 versions
// and of one with 100,000 and 1,000,000, in one database, in turn. `node bench/growth/run.mjs [--quick] [--json]`.
// It measures dist/, so build first: `npm run build`.
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startPostgres } from '../postgres.js'
import { cases } from './cases.mjs'
import { seed } from './seed.mjs'
import { found, gatehouse, send, startService, tokenFor } from './service.mjs'

const MOST = 3
const quick = process.argv.includes('--quick')
const json = process.argv.includes('--json')
const only = process.argv.find((one) => one.startsWith('--only='))?.slice('--only='.length)
const root = process.env.GATEHOUSE_ROOT ?? fileURLToPath(new URL('../../', import.meta.url))
const rounds = quick ? 11 : 51
const sizes = {
  small: { memberships: 1_000, versions: 1_000 },
  large: quick ? { memberships: 20_000, versions: 100_000 } : { memberships: 100_000, versions: 1_000_000 },
}

const say = (text) => process.stderr.write(`${text}\n`)
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

async function prepare(databaseUrl, client) {
  const homes = {}
  for (const [name, size] of Object.entries(sizes)) {
    const { organization, owner } = await found(root, databaseUrl, name)
    say(`seeding ${name}: ${size.memberships} memberships, ${size.versions} versions`)
    await seed(client, organization.id, size)
    const { rows } = await client.query('select id from memberships where organization_id = $1 and reference = $2', [
      organization.id,
      'REF-77',
    ])
    homes[name] = { ...size, ...organization, owner, membership: rows[0].id }
  }
  // As autovacuum leaves a table: statistics, and the pages that index-only scans need not look at.
  await client.query('vacuum analyze')
  return homes
}

async function ask(port, home, { name, of }) {
  const headers = { Authorization: `Bearer ${home.token}`, Accept: 'application/vnd.api+json' }
  const { status, text, milliseconds } = await send(port, { path: `/api${encodeURI(of(home))}`, headers })
  if (status !== 200) throw new Error(`${name}: ${status} ${text.slice(0, 300)}`)
  const { data, meta } = JSON.parse(text)
  return { milliseconds, found: meta.record_count, shown: data.length }
}

/** Both sizes in turn, so that what disturbs one disturbs the other. */
async function measure(port, homes, one) {
  const times = { small: [], large: [] }
  const seen = {}
  for (let round = -3; round < rounds; round += 1) {
    for (const name of ['small', 'large']) {
      const answer = await ask(port, homes[name], one)
      if (round >= 0) times[name].push(answer.milliseconds)
      seen[name] = answer
    }
  }
  const [small, large] = [median(times.small), median(times.large)]
  const { name, every } = one
  return { name, every, small, large, ratio: large / small, found: [seen.small.found, seen.large.found] }
}

function table(results) {
  const line = (cells) => cells.map((cell, n) => (n === 0 ? cell.padEnd(42) : cell.padStart(11))).join(' ')
  const lines = results.map(({ name, every, small, large, ratio, found: [few, many] }) => {
    const verdict = !every ? 'grows' : ratio <= MOST ? 'holds' : 'MISSED'
    return line(
      [name, few, many, `${small.toFixed(2)} ms`, `${large.toFixed(2)} ms`, `${ratio.toFixed(2)} x`, verdict].map(
        String,
      ),
    )
  })
  return [line(['', 'found', 'found', 'small', 'large', 'ratio', '']), ...lines].join('\n')
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
const server = await startPostgres()
let service
try {
  const admin = new pg.Client({ connectionString: server.url() })
  await admin.connect()
  await admin.query('create database growth')
  await admin.end()
  const databaseUrl = server.url('growth')
  await gatehouse(root, databaseUrl, ['migrate'])
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const homes = await prepare(databaseUrl, client)
  await client.end()
  service = await startService(root, databaseUrl)
  for (const home of Object.values(homes)) home.token = await tokenFor(service.port, home.owner)
  const results = []
  for (const one of cases.filter(({ name }) => only === undefined || name.includes(only))) {
    results.push(await measure(service.port, homes, one))
    say(`${one.name}: ${results.at(-1).ratio.toFixed(2)} x`)
  }
  const missed = results.filter(({ every, ratio }) => every && ratio > MOST).map(({ name }) => name)
  process.stdout.write(
    json ? `${JSON.stringify({ sizes, rounds, most: MOST, results, missed }, null, 2)}\n` : `${table(results)}\n`,
  )
  if (missed.length > 0) process.exitCode = 1
} finally {
  await service?.stop()
  await server.stop()
}
