import type { Knex } from 'knex'
import { atOnce } from '../db/at-once.js'

/** How long a transaction that revokes may take to commit and still be seen by the next reads; twice what the server
 *  lets any take (db/connect.ts). */
export const OVERLAP_MS = 60_000

interface NewsRow {
  id: string
  topic: string
  notBefore: number | null
  expiresAt: number
  createdAt: number
}

/** Rows of one read and the database's own clock at it (milliseconds). */
export interface News {
  rows: readonly NewsRow[]
  databaseNow: number
}

// Milliseconds as numbers: no driver's idea of time zones comes between.
const COLUMNS = `r.id::text as id, r.topic, extract(epoch from r.not_before)::float8 * 1000 as "notBefore",
  extract(epoch from r.expires_at)::float8 * 1000 as "expiresAt", extract(epoch from r.created_at)::float8 * 1000 as "createdAt"`

/** Reads the rows made since `since` (milliseconds of the database's clock), or all that still count. One statement. */
export async function readNews(knex: Knex, since: number | undefined): Promise<News> {
  const which =
    since === undefined
      ? { on: 'r.expires_at > c.now and r.not_before is not null', values: [] }
      : { on: 'r.created_at >= to_timestamp(?::float8 / 1000)', values: [since] }
  const sql = `select extract(epoch from c.now)::float8 * 1000 as "databaseNow", ${COLUMNS}
    from (select clock_timestamp() as now) c left join revocations r on ${which.on}`
  const found = await atOnce<NewsRow & { databaseNow: number }>(knex, sql, which.values)
  return { rows: found.filter((row) => row.id !== null), databaseNow: found[0]?.databaseNow ?? 0 }
}

/** What is known of revocations, in memory. */
export interface Mirror {
  /** Takes rows in; returns the topics of those not seen before. */
  take(news: News): string[]
  isRevoked(topics: readonly string[], issuedAtSeconds: number): boolean
}

/** Makes an empty mirror. */
export function createMirror(): Mirror {
  const epochs = new Map<string, { untilSecond: number; expiresAt: number }>()
  const seen = new Map<string, number>()
  const forget = (databaseNow: number): void => {
    for (const [topic, epoch] of epochs) if (epoch.expiresAt <= databaseNow) epochs.delete(topic)
    // Twice the overlap: an id is asked about only while its row can still be read again.
    for (const [id, createdAt] of seen) if (createdAt < databaseNow - 2 * OVERLAP_MS) seen.delete(id)
  }
  let forgottenAt = 0
  return {
    take: ({ rows, databaseNow }) => {
      const topics = new Set<string>()
      for (const row of rows) {
        if (seen.has(row.id)) continue
        seen.set(row.id, row.createdAt)
        topics.add(row.topic)
        if (row.notBefore === null) continue
        const before = epochs.get(row.topic)
        epochs.set(row.topic, {
          untilSecond: Math.max(before?.untilSecond ?? 0, Math.floor(row.notBefore / 1000)),
          expiresAt: Math.max(before?.expiresAt ?? 0, row.expiresAt),
        })
      }
      if (databaseNow - forgottenAt > OVERLAP_MS) {
        forget(databaseNow)
        forgottenAt = databaseNow
      }
      return [...topics]
    },
    isRevoked: (topics, issuedAtSeconds) =>
      topics.some((topic) => {
        const epoch = epochs.get(topic)
        return epoch !== undefined && issuedAtSeconds <= epoch.untilSecond
      }),
  }
}
