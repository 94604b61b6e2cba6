import { join } from 'node:path'
import { CORES, cpuSeconds, residentMb, startNode } from './processes.js'
import { ROOT } from './service.js'

const LOAD = join(ROOT, 'bench/load.js')

/** The middle one of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** Puts load on a running contender and reads the clocks of its processes at both ends of the measured time.
 *  `pids`: processes whose CPU is told apart, by name. */
export function load(plan, { pids = {}, cores = CORES.load, onBegin, onEnd } = {}) {
  return new Promise((resolve, reject) => {
    const child = startNode([LOAD, JSON.stringify(plan)], { cores, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const clocks = () =>
      Object.fromEntries(
        Object.entries(pids).map(([name, pid]) => [name, [pid].flat().reduce((sum, one) => sum + cpuSeconds(one), 0)]),
      )
    let before
    child.on('message', (message) => {
      if (message.error) reject(new Error(message.error))
      if (message.begins) {
        before = clocks()
        onBegin?.()
      }
      if (!message.ends) return
      const after = clocks()
      onEnd?.()
      const cpu = Object.fromEntries(
        Object.keys(pids).map((name) => [name, ((after[name] - before[name]) / message.count) * 1e6]),
      )
      const { ends, ...seen } = message
      resolve({ ...seen, cpu })
    })
    child.on('exit', (code) => code && reject(new Error(`the load ended with ${code}`)))
  })
}

/** Measures contenders in turn: A B C, A B C, … each time in a fresh process.
 *  @param contenders `{name, start(): {port, pid, plan, stop()}}`; the first one is the one that others are compared with
 *  @returns by name: medians of all figures, and `rounds`, the figures of each */
export async function inTurn(contenders, { rounds, warmSeconds, seconds, databasePid, note = () => undefined }) {
  const results = new Map(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const running = await contender.start()
      try {
        const plan = { connections: 32, warmSeconds, seconds, port: running.port, ...running.plan }
        const pids = { server: running.pid, ...(databasePid ? { database: databasePid } : {}) }
        const seen = await load(plan, { pids, ...(running.loadCores ? { cores: running.loadCores } : {}) })
        const one = { ...seen, rssMb: Math.max(...[running.pid].flat().map(residentMb)) }
        results.get(contender.name).push(one)
        note(`${contender.name}: ${one.perSecond.toFixed(0)}/s, ${one.cpu.server.toFixed(0)} µs`)
      } finally {
        await running.stop()
      }
    }
  }
  return Object.fromEntries([...results].map(([name, list]) => [name, summary(list)]))
}

function summary(rounds) {
  const of = (pick) => median(rounds.map(pick))
  return {
    perSecond: of((one) => one.perSecond),
    p50: of((one) => one.p50),
    p99: of((one) => one.p99),
    cpuServer: of((one) => one.cpu.server),
    cpuDatabase: rounds[0].cpu.database === undefined ? undefined : of((one) => one.cpu.database),
    rssMb: of((one) => one.rssMb),
    bytes: of((one) => one.bytes),
    rounds: rounds.map(({ perSecond, p50, p99, cpu }) => ({ perSecond, p50, p99, cpu })),
  }
}

/** The ratio of two contenders: computed in each round, then the median; `spread` is how far the rounds disagree. */
export function ratio(results, one, other, pick = (round) => round.perSecond) {
  const all = results[one].rounds.map((round, at) => pick(round) / pick(results[other].rounds[at]))
  const value = median(all)
  return { value, spread: (Math.max(...all) - Math.min(...all)) / value }
}
