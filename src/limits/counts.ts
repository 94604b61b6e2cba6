import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import type { Rate } from '../config/limits.js'
import { createBoundedCache } from '../tokens/bounded-cache.js'

/** Keys that are counted one by one; those who come then share so many counters, so that no flood fills the memory. */
const MOST_KEYS = 50_000
const CROWD = 1024
const LONGEST_KEY = 100

/** What a limit counts by: one word, or several, which are kept apart (ATTACKS S2). */
export type LimitKey = string | readonly string[]

/** What the other instances are to be told of one key: how many more, and how long its window still lasts. */
export interface Delta {
  readonly key: string
  readonly points: number
  readonly ms: number
}

/** The counters of one limit in this process. */
export interface Counts {
  /** Counts one more.  @returns how the key stands and whether that was one too many */
  add(key: LimitKey): Promise<{ standing: RateLimiterRes; refused: boolean }>
  /** One less. */
  remove(key: LimitKey): Promise<void>
  look(key: LimitKey): Promise<RateLimiterRes | null>
  /** What is to be told since the last call, `most` keys at most. */
  news(most: number): Promise<Delta[]>
  /** Puts news back that could not be told. */
  keep(deltas: readonly Delta[]): void
  /** Takes over what all instances together have counted. */
  adopt(delta: Delta): Promise<void>
}

const oneWord = (key: LimitKey): string => (typeof key === 'string' ? key : JSON.stringify(key))

const short = (key: string): string =>
  key.length <= LONGEST_KEY ? key : createHash('sha256').update(key).digest('base64url')

/** Who newcomers are folded together as: those of one network, as far as a key names it, so that whoever makes up keys
 *  uses up their own counters and not everybody's. One customer may have a /48 of IPv6. */
function crowdOf(key: LimitKey): string {
  const words = typeof key === 'string' ? [key] : key
  const network = words.findLast((word) => isIP(word) !== 0 || word.endsWith('::/64'))
  return network?.endsWith('::/64') ? network.split(':', 3).join(':') : (network ?? oneWord(key))
}

/** Folds newcomers together while more keys are counted than `MOST_KEYS`. `isNew` is told of each new window. */
function createCrowd(limiter: RateLimiterMemory, { seconds }: Rate) {
  let [current, before, since] = [0, 0, performance.now()]
  const turn = (): void => {
    const age = (performance.now() - since) / 1000
    if (age < seconds) return
    // A window lives `seconds`: what began in the last two stretches is all that can be alive.
    before = age < 2 * seconds ? current : 0
    current = 0
    since = performance.now()
  }
  return {
    began: (): void => {
      turn()
      current += 1
    },
    isFull: (): boolean => current + before >= MOST_KEYS,
    async fold(key: LimitKey): Promise<string> {
      const own = short(oneWord(key))
      if ((await limiter.get(own)) !== null) return own
      turn()
      return `crowd ${createHash('sha256').update(crowdOf(key)).digest().readUInt32BE(0) % CROWD}`
    },
  }
}

/** What is to be told. A key is told of from a tenth of its limit on: most callers never come near it, and cost no row. */
function createNews({ points, seconds }: Rate) {
  const worth = Math.ceil(points / 10)
  const pending = new Map<string, number>()
  const told = createBoundedCache<number>(MOST_KEYS)
  const change = (key: string, by: number): void => void pending.set(key, (pending.get(key) ?? 0) + by)
  const isTold = (key: string): boolean => pending.has(key) || (told.get(key) ?? 0) > performance.now()
  return {
    pending,
    change,
    told: ({ key, ms }: Delta): void => told.set(key, performance.now() + ms),
    /** Takes what is to be told. From here on a key counts as told of: what comes while the others are being told is one
     *  more, and not everything again. */
    take(most: number): [key: string, points: number][] {
      const some = [...pending].slice(0, most)
      for (const [key] of some) {
        pending.delete(key)
        told.set(key, performance.now() + seconds * 1000)
      }
      return some
    },
    added(key: string, standing: RateLimiterRes): void {
      if (standing.isFirstInDuration) told.delete(key)
      if (isTold(key)) change(key, 1)
      else if (standing.consumedPoints >= worth) change(key, standing.consumedPoints)
    },
    removed(key: string): void {
      if (isTold(key)) change(key, -1)
    },
  }
}

/** Makes the counters of one limit: windows that begin with the first request. `shared`: other instances are told. */
export function createCounts(rate: Rate, { shared }: { shared: boolean }): Counts {
  const limiter = new RateLimiterMemory({ points: rate.points, duration: rate.seconds, keyPrefix: '' })
  const crowd = createCrowd(limiter, rate)
  const news = shared ? createNews(rate) : undefined
  const nameOf = (key: LimitKey): string | Promise<string> => (crowd.isFull() ? crowd.fold(key) : short(oneWord(key)))
  return {
    async add(long) {
      const key = await nameOf(long)
      try {
        const standing = await limiter.consume(key)
        if (standing.isFirstInDuration) crowd.began()
        news?.added(key, standing)
        return { standing, refused: false }
      } catch (refusal) {
        if (refusal instanceof Error) throw refusal
        return { standing: refusal as RateLimiterRes, refused: true }
      }
    },
    async remove(long) {
      const key = await nameOf(long)
      const known = await limiter.get(key)
      if (known === null || known.consumedPoints <= 0) return
      await limiter.reward(key)
      news?.removed(key)
    },
    look: async (long) => limiter.get(await nameOf(long)),
    async news(most) {
      const standings = await Promise.all(
        (news?.take(most) ?? []).map(async ([key, points]) => ({ key, points, at: await limiter.get(key) })),
      )
      return standings.flatMap(({ key, points, at }) =>
        at !== null && at.msBeforeNext > 0 && points !== 0 ? [{ key, points, ms: at.msBeforeNext }] : [],
      )
    },
    keep(deltas) {
      for (const { key, points } of deltas) news?.change(key, points)
    },
    async adopt(delta) {
      if (delta.ms <= 0) return
      news?.told(delta)
      await limiter.set(delta.key, delta.points + (news?.pending.get(delta.key) ?? 0), delta.ms / 1000)
    },
  }
}
