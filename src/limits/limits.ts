import type { Logger } from 'pino'
import type { RateLimiterRes } from 'rate-limiter-flexible'
import { LIMITS, type LimitName, type Rate, type Rates } from '../config/limits.js'
import type { Database } from '../db/connect.js'
import { AppError } from '../errors.js'
import { type Counts, createCounts, type Delta, type LimitKey } from './counts.js'
import { tellCounts } from './tell.js'

export type { LimitKey } from './counts.js'

/** How a limit stands after one more. */
export interface Standing extends Rate {
  readonly remaining: number
  /** Until everything is free again. */
  readonly resetSeconds: number
}

/** The limits of this installation. Counted in memory, at once; instances on one PostgreSQL tell each other of it twice a
 *  second, so that nothing here ever waits for a database. With RATE_LIMITS=off nothing is counted or refused. */
export interface Limits {
  /** Counts one more, before the work that it bounds: a hundred tries at once are a hundred (ATTACKS S5).
   *  Answers undefined with RATE_LIMITS=off.
   *  @throws AppError too_many with `Retry-After`, in seconds, once the limit is used up */
  take(name: LimitName, key: LimitKey): Promise<Standing | undefined>
  /** Gives one back that was taken: what was tried turned out to be right. */
  giveBack(name: LimitName, key: LimitKey): Promise<void>
  /** Refuses as `take` does, and counts nothing. */
  check(name: LimitName, key: LimitKey): Promise<void>
}

/** The limits with their own life: app.ts starts and stops them. */
export interface RunningLimits extends Limits {
  start(): void
  /** Stops the timer and tells the rest. */
  stop(): Promise<void>
  /** Tells the other instances what was counted here and hears what they have. Never throws: what cannot be told waits. */
  exchange(): Promise<void>
}

interface LimitsOptions {
  /** RATE_LIMITS */
  readonly on: boolean
  readonly rates: Rates
  readonly db: Pick<Database, 'knex' | 'engine'>
  /** Keyed: what a limit counts by may be a person's address, and stands in a table. */
  readonly hash: (text: string) => string
  readonly log: Pick<Logger, 'warn' | 'info'>
  /** Told of every refusal. */
  readonly onRefused?: (name: LimitName) => void
}

const BEAT_MS = 500
const BATCH = 1000
const NAMES = Object.keys(LIMITS) as LimitName[]

function standingOf(rate: Rate, { consumedPoints, msBeforeNext }: RateLimiterRes): Standing {
  const remaining = Math.max(0, rate.points - consumedPoints)
  return { ...rate, remaining, resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)) }
}

/** What an answer says of a limit. Sources: CONTRACT 8; draft-ietf-httpapi-ratelimit-headers-10 §3, §4 */
export function limitHeaders(name: LimitName, standing: Standing): Record<string, string> {
  const { points, seconds, remaining, resetSeconds } = standing
  return {
    'X-Ratelimit-Limit': String(points),
    'X-Ratelimit-Interval': String(seconds),
    'X-Ratelimit-Remaining': String(remaining),
    'RateLimit-Policy': `"${name}";q=${points};w=${seconds}`,
    RateLimit: `"${name}";r=${remaining};t=${resetSeconds}`,
  }
}

function tooMany(name: LimitName, standing: Standing): AppError {
  const { points, seconds, resetSeconds } = standing
  return new AppError('too_many', {
    detail: `Too many requests: ${points} in ${seconds} seconds are the limit. Try again in ${resetSeconds} seconds.`,
    headers: { ...limitHeaders(name, { ...standing, remaining: 0 }), 'Retry-After': String(resetSeconds) },
  })
}

const off: RunningLimits = {
  take: async () => undefined,
  giveBack: async () => undefined,
  check: async () => undefined,
  start: () => undefined,
  stop: async () => undefined,
  exchange: async () => undefined,
}

/** Tells what was counted of one limit, and takes over the totals. Throws what the database throws; nothing is lost. */
async function exchangeOne(name: LimitName, counts: Counts, { db, hash }: LimitsOptions): Promise<void> {
  for (;;) {
    const news = await counts.news(BATCH)
    if (news.length === 0) return
    const plain = new Map(news.map(({ key }) => [hash(`${name} ${key}`), key]))
    let totals: Delta[]
    try {
      totals = await tellCounts(
        db.knex,
        news.map((delta, index) => ({ ...delta, key: [...plain.keys()][index] as string })),
      )
    } catch (error) {
      counts.keep(news)
      throw error
    }
    for (const total of totals) await counts.adopt({ ...total, key: plain.get(total.key) as string })
  }
}

/** Makes the limits. Source: DECISIONS 3 N1, CONTRACT 8; ATTACKS S2, S5, S6 */
export function createLimits(options: LimitsOptions): RunningLimits {
  const { on, rates, db, log, onRefused } = options
  if (!on) return off
  const shared = db.engine === 'postgresql'
  const counts = new Map(NAMES.map((name) => [name, createCounts(rates[name], { shared })]))
  const of = (name: LimitName): Counts => counts.get(name) as Counts
  const refuse = (name: LimitName, standing: Standing): never => {
    onRefused?.(name)
    throw tooMany(name, standing)
  }
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let [failing, stopped] = [false, false]
  async function exchangeAll(): Promise<void> {
    try {
      for (const [name, one] of counts) await exchangeOne(name, one, options)
      if (failing) log.info('rate limits are shared again')
      failing = false
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'rate limits cannot be shared: each instance counts alone until they can')
      failing = true
    }
  }
  const exchange = (): Promise<void> => {
    running = running.then(exchangeAll)
    return running
  }
  return {
    async take(name, key) {
      const { standing, refused } = await of(name).add(key)
      const shown = standingOf(rates[name], standing)
      return refused ? refuse(name, shown) : shown
    },
    giveBack: (name, key) => of(name).remove(key),
    async check(name, key) {
      const standing = await of(name).look(key)
      if (standing && standing.consumedPoints >= rates[name].points) refuse(name, standingOf(rates[name], standing))
    },
    start() {
      // The next beat begins when this one has ended: a slow database gets no queue of them.
      const beat = (): void => {
        timer = setTimeout(() => void exchange().then(() => stopped || beat()), BEAT_MS).unref()
      }
      if (shared) beat()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      if (shared) await exchange()
    },
    exchange,
  }
}
