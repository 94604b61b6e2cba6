// npm run bench -- [--only NAME[,NAME]] [--quick] [--json] [--rounds N] [--keep FILE] [--document]
// --document writes docs/performance.md, .svg and .json; what did not run keeps the figures that stand there.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { document } from './document.js'
import { startPostgres } from './postgres.js'
import { CAN_PIN } from './processes.js'
import { printParts, verdict } from './report.js'
import { scenarios } from './scenarios/index.js'
import { makeDemo, ROOT } from './service.js'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    keep: { type: 'string' },
    document: { type: 'boolean', default: false },
  },
})

const QUICK = { rounds: 1, warmSeconds: 1, seconds: 1.5 }
const WHOLE = { rounds: 5, warmSeconds: 2, seconds: 4 }

/** The machine that the figures are of. */
const machineOf = (pg) => ({
  date: new Date().toISOString().slice(0, 16),
  cpu: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  openssl: process.versions.openssl,
  postgresql: pg.version,
  pinned: CAN_PIN,
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT }).toString().trim(),
  loadBefore: loadavg()[0],
})

/** Databases of one run: ours with the demo, one for the peers; made when a scenario first asks. */
async function openWorld() {
  const pg = await startPostgres()
  await pg.query('create database gatehouse')
  await pg.query('create database peers')
  const demo = makeDemo(pg.url('gatehouse'))
  // Autovacuum does it once a minute; a round is shorter, and plans without statistics are a matter of luck.
  const settle = async () => {
    for (const database of ['gatehouse', 'peers']) await pg.query('analyze', database)
  }
  const rounds = options.rounds ? { rounds: Number(options.rounds) } : {}
  const pace = { ...(options.quick ? QUICK : WHOLE), ...rounds, settle }
  const note = (text) => process.stderr.write(`  ${text}\n`)
  return { pg, url: pg.url, demo, pace, quick: options.quick, note, shared: {} }
}

async function main() {
  if (!existsSync(join(ROOT, 'dist/main.js'))) throw new Error('there is no dist/main.js: run npm run build')
  const chosen = options.only?.split(',') ?? scenarios.filter(({ always }) => always !== false).map(({ name }) => name)
  const unknown = chosen.filter((name) => !scenarios.some((one) => one.name === name))
  if (unknown.length > 0) throw new Error(`unknown: ${unknown}; there are ${scenarios.map(({ name }) => name)}`)
  const world = await openWorld()
  const machine = machineOf(world.pg)
  const parts = []
  try {
    for (const { name, run } of scenarios.filter((one) => chosen.includes(one.name))) {
      process.stderr.write(`${name}\n`)
      try {
        parts.push(...(await run(world)).map((part) => ({ scenario: name, ...part })))
      } catch (error) {
        // One that cannot run must not cost the figures of the others; it is told and it fails the run.
        process.stderr.write(`${error.stack}\n`)
        parts.push({ scenario: name, title: name, failed: error.message, results: {}, ratios: [] })
      }
    }
  } finally {
    await world.pg.stop()
  }
  const command = `npm run bench${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(' ')}` : ''}`
  const report = { machine: { ...machine, loadAfter: loadavg()[0] }, command, pace: world.pace, parts }
  if (options.keep) writeFileSync(options.keep, `${JSON.stringify(merge(options.keep, report), null, 1)}\n`)
  if (options.document) document((path) => merge(path, report))
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 1)}\n` : printParts(report))
  return parts.some(({ failed, ratios }) => failed !== undefined || ratios.some((one) => verdict(one) === 'missed'))
}

/** What stands in the file of scenarios that did not run now stays there. */
function merge(file, report) {
  const old = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { parts: [] }
  const ran = new Set(report.parts.map(({ scenario }) => scenario))
  const order = scenarios.map(({ name }) => name)
  const parts = [...old.parts.filter(({ scenario }) => !ran.has(scenario)), ...report.parts]
  return { ...report, parts: parts.sort((a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario)) }
}

const missed = await main()
// Targets are told, not enforced: absolute times are the machine's. The exit code is for whoever asks.
process.exit(missed ? 1 : 0)
