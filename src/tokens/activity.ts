import type { Knex } from 'knex'
import type { Logger } from 'pino'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { createBoundedCache } from './bounded-cache.js'

/** How often what was noted is written, in milliseconds: a crash loses no more. */
const FLUSH_MS = 5000
/** At most one write for a subject in this time, in milliseconds. */
const PAUSE_MS = 60_000
const REMEMBERED = 50_000
const MOST_PENDING = 10_000

interface Target {
  readonly table: string
  readonly keys: readonly [string] | readonly [string, string]
  readonly column: string
}

/** What is kept of activity: table, the columns that find the row, and the time. */
const TARGETS = {
  application: { table: 'api_credentials', keys: ['organization_id', 'id'], column: 'last_used_at' },
  secret: { table: 'api_credential_secrets', keys: ['organization_id', 'id'], column: 'last_used_at' },
  personal: { table: 'user_credentials', keys: ['id'], column: 'last_used_at' },
  user: { table: 'users', keys: ['id'], column: 'last_active_at' },
  seat: { table: 'memberships', keys: ['organization_id', 'user_id'], column: 'last_active_at' },
  userLogin: { table: 'users', keys: ['id'], column: 'last_login_at' },
  seatLogin: { table: 'memberships', keys: ['organization_id', 'user_id'], column: 'last_login_at' },
} as const satisfies Record<string, Target>

interface Note {
  readonly keys: readonly string[]
  at: Date
}

/** Notes who is active, in memory; nothing is written on the way of a request (DESIGN 3.5). */
export interface Activity {
  /** A client got a token, with the secret that it presented, if any. */
  tokenIssued(
    client: { applicationId: string; organizationId: string | undefined; secretId: string | undefined },
    now: Date,
  ): void
  /** A user called the API; `organizations` are those that the call was about. */
  userCalled(userId: string, organizations: Iterable<string>, now: Date): void
  /** A user signed in: to one organization, or to none in particular. */
  signedIn(userId: string, organizationId: string | undefined, now: Date): void
  /** Writes what is noted. Never throws: what cannot be written is noted again at the next use. */
  flush(): Promise<void>
  start(): void
  /** Stops the timer and writes the rest. */
  stop(): Promise<void>
}

/** One statement for any number of subjects. A row that somebody else holds is left out rather than waited for: two
 *  instances that write the same rows in another order would stop each other. */
function write(trx: Transaction, { table, keys, column }: Target, notes: readonly Note[]): Promise<unknown> {
  const names = keys.map((_, index) => `k${index}`)
  const same = (left: string): string => keys.map((key, index) => `${left}.${key} = v.k${index}`).join(' and ')
  const id = keys.map((key) => `t.${key}`).join(', ')
  return trx.raw(
    `with v as (select * from unnest(${names.map(() => '?::text[], ').join('')}?::timestamptz[]) as u (${names.join(', ')}, at)),
      free as (select ${id} from ${table} t join v on ${same('t')} for no key update of t skip locked)
      update ${table} t set ${column} = greatest(t.${column}, v.at) from v, free
      where ${same('t')} and ${keys.map((key) => `t.${key} = free.${key}`).join(' and ')}`,
    [
      ...keys.map((_, index) => notes.map((note) => note.keys[index] ?? '')),
      notes.map(({ at }) => at.toISOString()),
    ] as unknown as string[],
  )
}

function createBook(target: Target) {
  const noted = createBoundedCache<number>(REMEMBERED)
  let pending = new Map<string, Note>()
  return {
    target,
    note(keys: readonly string[], at: Date): void {
      const key = keys.join(' ')
      const last = noted.get(key)
      if (last !== undefined && at.getTime() - last < PAUSE_MS) return
      if (pending.size >= MOST_PENDING) return
      noted.set(key, at.getTime())
      pending.set(key, { keys, at })
    },
    take(): Note[] {
      const notes = [...pending.values()]
      pending = new Map()
      return notes
    },
    /** What was not written may be noted again. */
    forget(notes: readonly Note[]): void {
      for (const { keys } of notes) noted.delete(keys.join(' '))
    },
  }
}

/** Makes the activity of an instance. */
export function createActivity(options: { knex: Knex; log: Pick<Logger, 'warn'> }): Activity {
  const { knex, log } = options
  const books = Object.entries(TARGETS).map(([name, target]) => [name, createBook(target)] as const)
  const book = new Map(books)
  const note = (name: keyof typeof TARGETS, keys: readonly string[], now: Date): void => book.get(name)?.note(keys, now)
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  async function flushNow(): Promise<void> {
    const taken = books.map(([, one]) => ({ one, notes: one.take() })).filter(({ notes }) => notes.length > 0)
    if (taken.length === 0) return
    try {
      await asAuth(knex, async (trx) => {
        for (const { one, notes } of taken) await write(trx, one.target, notes)
      })
    } catch (error) {
      for (const { one, notes } of taken) one.forget(notes)
      log.warn({ err: error }, 'activity could not be written')
    }
  }
  function flush(): Promise<void> {
    running = running.then(flushNow)
    return running
  }

  return {
    tokenIssued({ applicationId, organizationId, secretId }, now) {
      if (organizationId === undefined) note('personal', [applicationId], now)
      else {
        note('application', [organizationId, applicationId], now)
        if (secretId !== undefined) note('secret', [organizationId, secretId], now)
      }
    },
    userCalled(userId, organizations, now) {
      note('user', [userId], now)
      for (const organizationId of organizations) note('seat', [organizationId, userId], now)
    },
    signedIn(userId, organizationId, now) {
      note('userLogin', [userId], now)
      if (organizationId !== undefined) note('seatLogin', [organizationId, userId], now)
    },
    flush,
    start() {
      timer = setInterval(() => void flush(), FLUSH_MS).unref()
    },
    async stop() {
      clearInterval(timer)
      await flush()
    },
  }
}
