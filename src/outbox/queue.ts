import type { Knex } from 'knex'
import type { Secrets } from '../crypto/secrets.js'
import { asAuth } from '../db/roles.js'
import type { Message } from './messages.js'

/** Attempts before a message is dead: with the growing pauses they take about fifteen hours. */
export const MAX_ATTEMPTS = 12
const FIRST_PAUSE_SECONDS = 30
const LONGEST_PAUSE_SECONDS = 6 * 3600
/** How long a claimed message is left alone. Whoever dies with it in hand has not sent it: then it is sent again. */
const LEASE_SECONDS = 120

/** A claimed row of the outbox. `attempts` counts this one. */
export interface Waiting {
  readonly id: string
  readonly kind: Message['kind']
  readonly payload: string
  readonly attempts: number
  readonly created_at: string
}

const pauseSeconds = (attempts: number): number =>
  Math.min(FIRST_PAUSE_SECONDS * 2 ** (attempts - 1), LONGEST_PAUSE_SECONDS)
const after = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000)

/** Claims messages that are due. The claim is committed before anything is sent, so that no lock is held while a mail
 *  server thinks; two instances never get the same row. */
export function claimMessages(knex: Knex, now: Date, limit: number): Promise<Waiting[]> {
  return asAuth(knex, async (trx) => {
    const answer = await trx.raw<{ rows: Waiting[] }>(
      `update outbox set attempts = attempts + 1, next_attempt_at = :until where id in (
          select id from outbox where sent_at is null and dead_at is null and next_attempt_at <= :now
            order by next_attempt_at limit :limit for update skip locked)
        returning id, kind, payload, attempts, created_at`,
      { now, limit, until: after(now, LEASE_SECONDS) },
    )
    return answer.rows
  })
}

/** What a row says, or undefined where it cannot be read (sealed under another key, or wiped). */
export function openMessage(
  secrets: Pick<Secrets, 'open'>,
  row: Pick<Waiting, 'kind' | 'payload'>,
): Message | undefined {
  try {
    return { kind: row.kind, ...JSON.parse(secrets.open(row.payload)) } as Message
  } catch {
    return undefined
  }
}

/** Marks a message as sent. Its text is wiped, unless it is to be read here: nobody needs the token in it any more. */
export function markSent(knex: Knex, id: string, { now, keep }: { now: Date; keep: boolean }): Promise<void> {
  return asAuth(knex, async (trx) => {
    await trx('outbox')
      .where({ id })
      .update({ sent_at: now, last_error: null, ...(keep ? {} : { payload: '' }) })
  })
}

/** Marks an attempt as failed: the next one comes later, or never.
 *  @returns whether the message is dead now */
export function markFailed(
  knex: Knex,
  { id, attempts }: Waiting,
  { now, error, hopeless = false }: { now: Date; error: string; hopeless?: boolean },
): Promise<boolean> {
  const dead = hopeless || attempts >= MAX_ATTEMPTS
  return asAuth(knex, async (trx) => {
    const next = dead ? { dead_at: now } : { next_attempt_at: after(now, pauseSeconds(attempts)) }
    await trx('outbox')
      .where({ id })
      .update({ ...next, last_error: error.slice(0, 500) })
    return dead
  })
}

/** The newest messages, for /dev/mail. */
export function newestMessages(knex: Knex, limit: number): Promise<(Waiting & { sent_at: string | null })[]> {
  return asAuth(knex, (trx) =>
    trx('outbox')
      .select('id', 'kind', 'payload', 'attempts', 'created_at', 'sent_at')
      .whereNot({ payload: '' })
      .orderBy([
        { column: 'created_at', order: 'desc' },
        { column: 'id', order: 'desc' },
      ])
      .limit(limit),
  )
}

/** How the outbox stands: how many wait, for how many seconds the oldest, and how many were given up. */
export function outboxState(knex: Knex, now: Date): Promise<{ waiting: number; dead: number; oldestSeconds: number }> {
  return asAuth(knex, async (trx) => {
    const answer = await trx.raw<{ rows: { waiting: number; dead: number; oldest: string | null }[] }>(
      `select count(*) filter (where dead_at is null) as waiting, count(*) filter (where dead_at is not null) as dead,
        min(created_at) filter (where dead_at is null) as oldest
        from outbox where sent_at is null`,
    )
    const { waiting = 0, dead = 0, oldest = null } = answer.rows[0] ?? {}
    // Another instance's clock may be ahead: a mail is not younger than nothing.
    const age = oldest === null ? 0 : now.getTime() - Date.parse(oldest)
    return { waiting, dead, oldestSeconds: Math.max(0, age) / 1000 }
  })
}
