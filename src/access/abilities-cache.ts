import type { Knex } from 'knex'
import { EVERYTHING } from '../tokens/revocations.js'
import type { Grant } from './grants.js'
import { loadGrants } from './grants.js'
import type { Principal } from './principal.js'

/** What the cache must hear of: `organization:<id>` and `user:<id>` whenever rights there may have changed, and `*` when
 *  changes may have been missed. */
export interface ChangeFeed {
  onChange(listener: (topic: string) => void): void
}

interface Entry {
  grants: readonly Grant[]
  topics: ReadonlySet<string>
  until: number
}

const MAX_ENTRIES = 10_000
/** Milliseconds; a bound for changes that nobody tells. */
const TIME_TO_LIVE = 30_000

const keyOf = ({ kind, userId = '-', applicationId, organizationId = '*' }: Principal): string =>
  // Of webapps each may open less of the same seat.
  [kind, userId, kind === 'user' || kind === 'dashboard' ? '-' : applicationId, organizationId].join(' ')

/** Grants by principal, kept until a change of the organization or the user is told (DESIGN 3.6). */
export function createGrantsCache(knex: Knex, feed: ChangeFeed, clock: () => Date) {
  const entries = new Map<string, Entry>()
  let generation = 0
  feed.onChange((topic) => {
    generation += 1
    for (const [key, entry] of entries) if (topic === EVERYTHING || entry.topics.has(topic)) entries.delete(key)
  })

  async function load(principal: Principal, key: string, now: Date): Promise<readonly Grant[]> {
    const before = generation
    const grants = await loadGrants(knex, principal, now)
    // A change told while we were reading may not be in what we read: then the answer serves once and is not kept.
    if (before === generation) {
      const topics = new Set(grants.map((grant) => `organization:${grant.organizationId}`))
      if (principal.userId !== undefined) topics.add(`user:${principal.userId}`)
      if (principal.organizationId !== undefined) topics.add(`organization:${principal.organizationId}`)
      if (entries.size >= MAX_ENTRIES) entries.delete(entries.keys().next().value ?? '')
      const ends = grants.map(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt)
      entries.set(key, { grants, topics, until: Math.min(now.getTime() + TIME_TO_LIVE, ...ends) })
    }
    return grants
  }

  return {
    /** The principal's grants, from memory while they are known to be current. */
    async of(principal: Principal): Promise<readonly Grant[]> {
      const now = clock()
      const key = keyOf(principal)
      const entry = entries.get(key)
      return entry !== undefined && entry.until > now.getTime() ? entry.grants : load(principal, key, now)
    },
    /** Has the principal's grants read anew when next asked for. */
    forget: (principal: Principal): void => void entries.delete(keyOf(principal)),
  }
}
