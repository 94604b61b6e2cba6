// The load: a process of its own. Started with one JSON argument (see LoadPlan below); tells its parent over IPC when the
// measured time begins and when it ends, with what it saw; or, where the plan says `sliced`, sends for as long as its parent
// tells it each time. Any answer that is not 2xx ends the run, but for `refusals` that the plan names: a plausible number
// must not be made of refusals.
import { connect } from 'node:net'
import { readAnswers } from './answers.js'

/** @typedef {{port: number, ports?: number[], connections: number, warmSeconds: number, warmRequests?: number, seconds: number, rate?: number,
 *   requests: {method: string, path: string, headers?: Record<string, string>, body?: string}[],
 *   carry?: {member: string, values: string[]}, refusals?: number[], sliced?: boolean}} LoadPlan
 *  `ports`: instances that the connections are spread over, as a balancer would.
 *  `requests` are sent in turn by every connection, each of which begins elsewhere. `carry`: a member of each JSON answer takes the place of `{carry}` in
 *  the connection's next request (a refresh token that rotates); `values` are the first ones, one a connection.
 *  `warmRequests`: the measured time begins after so many answers at the earliest (compilers count calls, not seconds).
 *  `rate`: requests a second and connection at most; else each sends as soon as it is answered. */

/** @type {LoadPlan} */
const plan = JSON.parse(process.argv[2] ?? '{}')
const PLACE = '{carry}'

function encode({ method, path, headers = {}, body }) {
  return (carried) => {
    const put = (text) => (carried === undefined ? text : text.replace(PLACE, carried))
    const content = body === undefined ? '' : put(body)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${put(value)}\r\n`)
    const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(content)}\r\n`
    return Buffer.from(
      `${method} ${path} HTTP/1.1\r\nHost: localhost:${plan.port}\r\n${lines.join('')}${length}\r\n${content}`,
    )
  }
}

const encoders = plan.requests.map(encode)
const ready = plan.carry ? undefined : encoders.map((one) => one(undefined))

/** Where every connection reads into: without streams' buffers the load costs a fifth less. */
const room = Buffer.allocUnsafeSlow(256 * 1024)

let measuring = false
let ending = false
/** Between two slices: what every connection does next. */
let paused = plan.sliced === true
const resting = []
let allRest = () => undefined
const latencies = []
let bytes = 0
let answered = 0
let refused = 0

function fail(text) {
  process.send({ error: text })
  process.exit(1)
}

/** One keep-alive connection that sends, waits, sends. One that the server has closed meanwhile is opened again. */
function run(index) {
  let socket
  let sentAt = 0
  let turn = Math.floor((index * encoders.length) / plan.connections)
  let carried = plan.carry?.values[index]
  const write = () => {
    const at = turn++ % encoders.length
    sentAt = performance.now()
    socket.write(ready ? ready[at] : encoders[at](carried))
  }
  const send = () => {
    if (ending) return
    if (paused) rest(send)
    else if (socket === undefined) open()
    else write()
  }
  const again = () => {
    const wait = plan.rate ? sentAt + 1000 / plan.rate - performance.now() : 0
    if (wait > 0) setTimeout(send, wait)
    else send()
  }
  const take = (answer) => {
    const isRefusal = plan.refusals?.includes(Number(answer.latin1Slice(9, 12))) ?? false
    if (answer[9] !== 0x32 && !isRefusal) fail(`an answer that is not 2xx: ${answer.latin1Slice(0, 600)}`)
    answered += 1
    if (isRefusal) refused += 1
    if (measuring && !isRefusal) {
      latencies.push(performance.now() - sentAt)
      bytes += answer.length
    }
    if (plan.carry) carried = JSON.parse(answer.utf8Slice(answer.indexOf('\r\n\r\n') + 4))[plan.carry.member]
    again()
  }
  const receive = readAnswers(take)
  function open() {
    const port = plan.ports?.[index % plan.ports.length] ?? plan.port
    const callback = (length) => {
      try {
        receive(room.subarray(0, length))
      } catch (error) {
        fail(error.message)
      }
      return true
    }
    socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: room, callback } })
    socket.on('connect', write)
    socket.on('error', (error) => ending || fail(`connection ${index}: ${error.message}`))
    socket.on('close', () => {
      socket = undefined
      if (!ending && !resting.includes(send)) fail(`connection ${index} was closed`)
    })
  }
  send()
}

function rest(send) {
  resting.push(send)
  if (resting.length === plan.connections) allRest()
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

const LONGEST_WARM_MS = 30_000

function finish(seconds) {
  measuring = false
  ending = true
  const sorted = Float64Array.from(latencies).sort()
  const [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map((share) => quantile(sorted, share))
  const count = latencies.length
  if (count === 0) fail('no answer came in the measured time')
  const seen = { count, refused, seconds, perSecond: count / seconds, p50, p90, p99, p999, max: sorted.at(-1) }
  process.send({ ends: true, ...seen, bytes: bytes / count }, () => process.exit(0))
}

function measure() {
  measuring = true
  const startedAt = performance.now()
  process.send({ begins: true })
  setTimeout(() => finish((performance.now() - startedAt) / 1000), plan.seconds * 1000)
}

/** Sends for so long, and waits for what is under way. */
async function slice(ms) {
  const startedAt = performance.now()
  paused = false
  const rested = new Promise((resolve) => {
    allRest = resolve
  })
  for (const send of resting.splice(0)) send()
  setTimeout(() => {
    paused = true
  }, ms)
  await rested
  return (performance.now() - startedAt) / 1000
}

function obey() {
  let measured = 0
  process.on('message', async (order) => {
    if (order.end) return finish(measured)
    measuring = order.measured
    const seconds = await slice(order.ms)
    if (order.measured) measured += seconds
    process.send({ rested: true, answered })
  })
  process.send({ obeys: true })
}

for (let index = 0; index < plan.connections; index += 1) run(index)
if (plan.sliced) obey()
else {
  const warmFrom = performance.now()
  const warm = setInterval(() => {
    const elapsed = performance.now() - warmFrom
    if (elapsed < plan.warmSeconds * 1000 || (answered < (plan.warmRequests ?? 0) && elapsed < LONGEST_WARM_MS)) return
    clearInterval(warm)
    measure()
  }, 20)
}
