import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What was measured of one request. Every field has few values: a route is a template, never a path. */
export interface Measured {
  readonly method: string
  readonly route: string
  readonly status: number
  readonly seconds: number
}

/** One reading of a gauge. */
export interface Reading {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** A gauge that is read when somebody scrapes. */
export interface Source {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  /** May ask the database: it is called at most every `GATHER_MS`, however often somebody scrapes. */
  read(): Promise<readonly Reading[]> | readonly Reading[]
}

/** The numbers of this process. */
export interface Metrics {
  readonly contentType: string
  request(measured: Measured): void
  /** A request at the token endpoint. `outcome`: `issued`, or the error of RFC 6749 §5.2. */
  token(grant: string, outcome: string): void
  limited(limit: string): void
  /** The text of Prometheus. A source that fails or is slow is left out. */
  text(): Promise<string>
}

const GATHER_MS = 10_000
const SLOW_MS = 2_000
/** In seconds, about the limits that are promised: 5, 50 and 200 ms, 1 s, and the deadline. */
const BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 15]

const inTime = <T>(work: Promise<T>): Promise<T | undefined> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, SLOW_MS, undefined)
    work.then(resolve, () => resolve(undefined)).finally(() => clearTimeout(timer))
  })

function createGauges(register: Registry) {
  const all: { gauge: Gauge; source: Source }[] = []
  let gatheredAt = Number.NEGATIVE_INFINITY
  let running: Promise<unknown> | undefined
  const gatherOne = async ({ gauge, source }: { gauge: Gauge; source: Source }): Promise<void> => {
    const readings = await inTime((async () => source.read())())
    gauge.reset()
    if (readings === undefined) return gauge.remove({})
    for (const { labels = {}, value } of readings) gauge.set(labels, value)
  }
  return {
    add({ name, help, labels = [], ...rest }: Source): void {
      const gauge = new Gauge({ name, help, labelNames: [...labels], registers: [register] })
      all.push({ gauge, source: { name, help, ...rest } })
    },
    async gather(): Promise<void> {
      if (performance.now() - gatheredAt < GATHER_MS) return
      running ??= Promise.all(all.map(gatherOne)).finally(() => {
        gatheredAt = performance.now()
        running = undefined
      })
      await running
    },
  }
}

/** Makes the metrics of a process: Node's own, of requests, tokens and limits, and what the sources tell. */
export function createMetrics(sources: readonly Source[]): Metrics {
  const register = new Registry()
  const registers = [register]
  collectDefaultMetrics({ register })
  const gauges = createGauges(register)
  sources.forEach(gauges.add)
  const requests = new Histogram({
    name: 'gatehouse_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers,
  })
  const tokens = new Counter({
    name: 'gatehouse_token_requests_total',
    help: 'Requests at the token endpoint.',
    labelNames: ['grant', 'outcome'],
    registers,
  })
  const refusals = new Counter({
    name: 'gatehouse_rate_limited_total',
    help: 'Refusals by a rate limit.',
    labelNames: ['limit'],
    registers,
  })
  return {
    contentType: register.contentType,
    request: ({ method, route, status, seconds }) =>
      requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, seconds),
    token: (grant, outcome) => tokens.inc({ grant, outcome }),
    limited: (limit) => refusals.inc({ limit }),
    async text() {
      await gauges.gather()
      return register.metrics()
    },
  }
}
