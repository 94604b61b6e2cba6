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

const SLICE_MS = 250
const LONGEST_WARM_S = 30
/** Turns in which what was prepared is planned anew, after the statistics have come. */
const TURNS_AFTER = 2

/** The load of one contender, which sends when it is told to. */
async function openLoad(plan, cores) {
  const child = startNode([LOAD, JSON.stringify({ ...plan, sliced: true })], {
    cores,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let heard
  const next = () =>
    new Promise((resolve, reject) => {
      heard = { resolve, reject }
    })
  child.on('message', (message) => (message.error ? heard.reject(new Error(message.error)) : heard.resolve(message)))
  child.on('exit', (code) => code && heard.reject(new Error(`the load ended with ${code}`)))
  const ask = (order) => {
    const answer = next()
    child.send(order)
    return answer
  }
  await next()
  return {
    slice: (ms, measured) => ask({ ms, measured }),
    end: () => ask({ end: true }),
    kill: () => child.kill('SIGKILL'),
  }
}

/** A contender that runs, with its load. */
async function open(contender, { warmSeconds, databasePid }) {
  const running = await contender.start()
  const plan = { connections: 32, port: running.port, ...running.plan }
  const load = await openLoad(plan, running.loadCores ?? CORES.load).catch(async (error) => {
    await running.stop()
    throw error
  })
  const pids = { server: [running.pid].flat(), ...(databasePid ? { database: [databasePid] } : {}) }
  const clocks = () =>
    Object.fromEntries(
      Object.entries(pids).map(([name, all]) => [name, all.reduce((sum, one) => sum + cpuSeconds(one), 0)]),
    )
  const used = Object.fromEntries(Object.keys(pids).map((name) => [name, 0]))
  const wanted = plan.warmRequests ?? 0
  let warmed = { answered: 0, seconds: 0 }
  return {
    name: contender.name,
    isWarm: () => warmed.seconds >= LONGEST_WARM_S || (warmed.seconds >= warmSeconds && warmed.answered >= wanted),
    async warm() {
      const from = performance.now()
      const { answered } = await load.slice(SLICE_MS, false)
      warmed = { answered, seconds: warmed.seconds + (performance.now() - from) / 1000 }
    },
    async measure() {
      const before = clocks()
      await load.slice(SLICE_MS, true)
      const after = clocks()
      for (const name of Object.keys(used)) used[name] += after[name] - before[name]
    },
    async told() {
      const rssMb = Math.max(...pids.server.map(residentMb))
      const { ends, ...seen } = await load.end()
      const cpu = Object.fromEntries(
        Object.entries(used).map(([name, seconds]) => [name, (seconds / seen.count) * 1e6]),
      )
      return { ...seen, cpu, rssMb }
    },
    async stop() {
      load.kill()
      await running.stop()
    },
  }
}

/** One round: all contenders run, in fresh processes, and take turns of a quarter of a second, forth and back, so that what
 *  the machine does meanwhile is the same for all. */
async function round(contenders, pace) {
  const running = []
  try {
    for (const contender of contenders) running.push(await open(contender, pace))
    // In turn too: who waits for the others to get warm has given memory back, and begins slower.
    const warm = async () => {
      for (const one of running) await one.warm()
    }
    while (!running.every((one) => one.isWarm())) await warm()
    await pace.settle?.()
    for (let turn = 0; turn < TURNS_AFTER; turn += 1) await warm()
    const turns = Math.max(2, Math.round((pace.seconds * 1000) / SLICE_MS))
    for (let turn = 0; turn < turns; turn += 1)
      for (const one of turn % 2 === 0 ? running : [...running].reverse()) await one.measure()
    const seen = []
    for (const one of running) seen.push([one.name, await one.told()])
    return seen
  } finally {
    await Promise.all(running.map((one) => one.stop()))
  }
}

/** Measures contenders against each other, several rounds; each round another one begins. `settle` is done between
 *  warm-up and measured time.
 *  @param contenders `{name, start(): {port, pid, plan, stop()}}`; the first one is the one that others are compared with
 *  @returns by name: medians of all figures, and `rounds`, the figures of each */
export async function inTurn(contenders, { rounds, note = () => undefined, ...pace }) {
  const results = new Map(contenders.map(({ name }) => [name, []]))
  for (let at = 0; at < rounds; at += 1) {
    const first = at % contenders.length
    for (const [name, one] of await round([...contenders.slice(first), ...contenders.slice(0, first)], pace)) {
      results.get(name).push(one)
      note(`${name}: ${one.perSecond.toFixed(0)}/s, ${one.cpu.server.toFixed(0)} µs`)
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
