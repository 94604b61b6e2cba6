import type { Knex } from 'knex'
import type { Logger } from 'pino'
import type { Database } from '../db/connect.js'
import type { Transaction } from '../db/queries.js'
import { createMirror, OVERLAP_MS, readNews } from './revocation-mirror.js'

/** What listeners hear when everything may have changed: after a gap in the news. */
export const EVERYTHING = '*'

const CHANNEL = 'revocations'
const POLL_MS = 500
const STALE_MS = 5000
const FOR_GOOD = /^(?:jti|family|session):/

/** This instance's copy of the table `revocations`, at most half a second old while the database answers. */
export interface Revocations {
  /** Reads everything once, then listens and polls. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Reads the news now; what was committed before the call counts after it. Throws what the database throws. */
  refresh(): Promise<void>
  /** Whether a token about these topics, issued at this second, is dead. Same second: dead, because tokens tell no milliseconds. */
  isRevoked(topics: readonly string[], issuedAtSeconds: number): boolean
  /** Ends, on every instance once `trx` commits, the tokens about `topic` issued up to `now`; up to ever for
   *  `jti:`, `family:` and `session:`. */
  revoke(trx: Transaction, revocation: Revocation): Promise<void>
  /** Tells all instances, once `trx` commits, that what they hold about `topic` is old; ends no token. */
  tell(trx: Transaction, revocation: Revocation): Promise<void>
  /** Calls back for every topic in the news, and with EVERYTHING after a gap. Returns how to stop it. */
  onChange(listener: (topic: string) => void): () => void
  /** False when the last successful read is older than 5 s (monotonic clock): then no token may be believed. */
  healthy(): boolean
  /** Age of the last successful read. */
  ageSeconds(): number
}

/** One epoch: `topic` is e.g. `jti:…`, `secret:…`, `credential:…`, `organization:…`, `user:…`; of no use after `expiresAt`. */
export interface Revocation {
  topic: string
  now: Date
  expiresAt: Date
}

async function insert(trx: Transaction, topic: string, row: { notBefore: Date | null; expiresAt: Date }) {
  await trx('revocations').insert({ topic, not_before: row.notBefore, expires_at: row.expiresAt })
  await trx.raw('select pg_notify(?, ?)', [CHANNEL, topic])
}

/** One read at a time; whoever asks during a read gets the one after it, which sees what was committed before the ask. */
function oneAtATime(read: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined
  let following: Promise<void> | undefined
  const run = (): Promise<void> => {
    current = read().finally(() => {
      current = undefined
    })
    return current
  }
  return () => {
    if (!current) return run()
    following ??= current
      .catch(() => undefined)
      .then(() => {
        following = undefined
        return run()
      })
    return following
  }
}

/** Calls `refresh` every half second; logs the first failure of a row and the recovery, not each beat. */
function poller(refresh: () => Promise<void>, log: Pick<Logger, 'info' | 'error'>) {
  let timer: NodeJS.Timeout | undefined
  let failing = false
  let stopped = false
  const beat = async (): Promise<void> => {
    try {
      await refresh()
      if (failing) log.info('revocations are read again')
      failing = false
    } catch (error) {
      if (!failing && !stopped)
        log.error({ err: error }, 'revocations cannot be read: tokens are refused until they can')
      failing = true
    }
    if (!stopped) timer = setTimeout(() => void beat(), POLL_MS).unref()
  }
  return {
    start: () => {
      stopped = false
      timer = setTimeout(() => void beat(), POLL_MS).unref()
    },
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** Reads news into a mirror and announces them. `refresh` reads what is new, `readAll` everything. */
function createReader(knex: Knex, announce: (topic: string) => void) {
  const mirror = createMirror()
  let readAt = Number.NEGATIVE_INFINITY
  let since: number | undefined
  const refresh = oneAtATime(async () => {
    const started = performance.now()
    const from = since
    const news = await readNews(knex, from)
    for (const topic of mirror.take(news)) announce(topic)
    // Rows commit out of order: a stretch as long as any transaction may last is read again each time. A reader that
    // asked for everything meanwhile still gets it.
    if (since === from) since = news.databaseNow - OVERLAP_MS
    readAt = started
    if (from === undefined) announce(EVERYTHING)
  })
  return {
    refresh,
    readAll: (): Promise<void> => {
      since = undefined
      return refresh()
    },
    isRevoked: mirror.isRevoked,
    age: () => performance.now() - readAt,
  }
}

/** Makes the mirror. Rows come by NOTIFY (where the engine has it) and by polling as the safety net.
 *  Source: DESIGN 3.5 "No row per access token"; PERFORMANCE 5. */
export function createRevocations(
  db: Pick<Database, 'aside' | 'listen'>,
  { log }: { log: Pick<Logger, 'info' | 'error'> },
): Revocations {
  const listeners = new Set<(topic: string) => void>()
  // Beside the pool: when it is full of slow requests, tokens must still be checked.
  const reader = createReader(db.aside, (topic) => {
    // A single token is nobody's rights, and whoever holds a public client id can end as many as they get.
    if (topic.startsWith('jti:')) return
    for (const listener of listeners) listener(topic)
  })
  const poll = poller(reader.refresh, log)
  const quietly = (work: Promise<void>): void => void work.catch(() => undefined) // the next beat repeats and logs it
  let unlisten: (() => Promise<void> | void) | undefined
  return {
    start: async () => {
      unlisten = await db.listen?.(
        CHANNEL,
        () => quietly(reader.refresh()),
        () => quietly(reader.readAll()),
      )
      await reader.readAll()
      poll.start()
    },
    stop: async () => {
      poll.stop()
      await unlisten?.()
    },
    refresh: reader.refresh,
    isRevoked: reader.isRevoked,
    revoke: (trx, { topic, now, expiresAt }) =>
      // A token, a family or a sign-in that has ended is dead for good, whatever the clocks of two machines say of "before".
      insert(trx, topic, { notBefore: FOR_GOOD.test(topic) ? expiresAt : now, expiresAt }),
    tell: (trx, { topic, expiresAt }) => insert(trx, topic, { notBefore: null, expiresAt }),
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    healthy: () => reader.age() < STALE_MS,
    ageSeconds: () => reader.age() / 1000,
  }
}
