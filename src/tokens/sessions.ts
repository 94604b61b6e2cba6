import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { newId } from '../ids.js'
import { type Ending, endOldest, endSessions } from './session-ends.js'

/** How a person proved who they are (RFC 8176): `pwd`, `otp`, `mfa`. */
export type Method = 'pwd' | 'otp' | 'mfa' | 'mail'

/** A browser in which a person is signed in. */
export interface Session {
  readonly id: string
  readonly userId: string
  readonly email: string
  readonly firstName: string | null
  readonly lastName: string | null
  readonly amr: readonly Method[]
  readonly authenticatedAt: Date
  readonly createdAt: Date
  readonly lastSeenAt: Date
  /** Longest time without use since `authenticatedAt`, the present one included; in seconds. */
  readonly longestIdleSeconds: number
  readonly expiresAt: Date
  readonly address: string | null
  readonly userAgent: string | null
}

/** A sign-in that has succeeded. */
export interface NewSession {
  readonly userId: string
  readonly amr: readonly Method[]
  readonly address: string | undefined
  readonly userAgent: string | undefined
  /** The hash that the password was checked against; undefined when none was, as for an account made just now. */
  readonly passwordHash?: string | undefined
  readonly now: Date
}

/** How a person has proven themself anew. */
export interface Proof {
  readonly amr: readonly Method[]
  readonly passwordHash?: string | undefined
  readonly now: Date
}

/** Limits of a session, in seconds. */
export interface SessionLimits {
  readonly absoluteSeconds: number
  readonly idleSeconds: number
}

/** Browser sessions: kept on the server, by the keyed hash of what the cookie holds. */
export interface Sessions {
  /** Begins a session under a new token; of more than a hundred of a user the oldest end.
   *  @returns what the cookie is to hold, told here only; undefined when the user is disabled or has another password */
  begin(session: NewSession): Promise<string | undefined>
  /** The session of a cookie; undefined when it is unknown, ended, idle for too long or over, or its user is disabled. */
  find(token: string, now: Date): Promise<Session | undefined>
  /** The open sessions of a user, newest first. */
  listOf(userId: string, now: Date): Promise<Session[]>
  /** Notes that the person has proven themself anew.
   *  @returns the new token; undefined when the session has ended, or as for `begin` */
  renew(id: string, proof: Proof): Promise<string | undefined>
  /** Notes that the person has shown more than at their sign-in. When that was stays: no password was asked for. */
  strengthen(id: string, amr: readonly Method[]): Promise<void>
  /** Ends one session of a user, with the access tokens and families that hang on it.  @returns whether it was open */
  end(session: { id: string; userId: string }, now: Date): Promise<boolean>
  /** Ends all sessions of a user but `except`, with everything that hangs on them. */
  endAll(userId: string, options: { except?: string | undefined; now: Date }): Promise<void>
}

/** Recognisable in a leak: the cookie of a session. */
const PREFIX = 'gh_session_'
/** A write for `last_seen_at` at most so often, in milliseconds. */
const SEEN_MS = 60_000
const [ADDRESS_LENGTH, AGENT_LENGTH] = [64, 300]

interface Row {
  id: string
  user_id: string
  email: string
  first_name: string | null
  last_name: string | null
  amr: Method[]
  authenticated_at: string
  created_at: string
  last_seen_at: string
  longest_idle_seconds: number
  expires_at: string
  address: string | null
  user_agent: string | null
}

const COLUMNS = `s.id, s.user_id, u.email, u.first_name, u.last_name, s.amr, s.authenticated_at, s.created_at, s.last_seen_at,
  greatest(s.longest_idle_seconds, extract(epoch from cast(:now as timestamptz) - s.last_seen_at))::int as longest_idle_seconds,
  s.expires_at, s.address, s.user_agent`
const OPEN = `s.ended_at is null and s.expires_at > :now and s.last_seen_at > :idleSince and u.disabled_at is null`

const sessionOf = (row: Row): Session => ({
  id: row.id,
  userId: row.user_id,
  email: row.email,
  firstName: row.first_name,
  lastName: row.last_name,
  amr: row.amr,
  authenticatedAt: new Date(row.authenticated_at),
  createdAt: new Date(row.created_at),
  lastSeenAt: new Date(row.last_seen_at),
  longestIdleSeconds: row.longest_idle_seconds,
  expiresAt: new Date(row.expires_at),
  address: row.address,
  userAgent: row.user_agent,
})

const provenAt = (at: Date) => ({ authenticated_at: at, last_seen_at: at })

interface SessionParts {
  readonly knex: Knex
  readonly secrets: { newSecret(prefix: string): string; hash(value: string): string }
  readonly limits: SessionLimits
}

/** Whether a user is enabled and has the password that was checked, until the transaction ends: who changes it waits, and
 *  then ends what has begun. */
async function holds(trx: Transaction, userId: string, passwordHash: string | undefined) {
  const query = trx('users').where({ id: userId }).whereNull('disabled_at').forShare()
  return (
    (await (passwordHash === undefined ? query : query.where({ password_hash: passwordHash })).first('id')) !==
    undefined
  )
}

/** Makes the store of browser sessions. Source: DECISIONS 4; OWASP Session Management; ATTACKS R10 */
export function createSessions({ knex, secrets, limits }: SessionParts): Sessions {
  async function read(trx: Transaction, { which, it, now }: { which: string; it: string; now: Date }) {
    const { rows } = await trx.raw<{ rows: Row[] }>(
      `select ${COLUMNS} from sessions s join users u on u.id = s.user_id
        where ${which} and ${OPEN} order by s.created_at desc, s.id limit 100`,
      { it, now, idleSince: new Date(now.getTime() - limits.idleSeconds * 1000) },
    )
    return rows.map(sessionOf)
  }
  const overAt = (now: Date): Date => new Date(now.getTime() + limits.absoluteSeconds * 1000)
  const end = (ending: Ending): Promise<number> => asAuth(knex, (trx) => endSessions(trx, ending))
  return {
    begin: async ({ userId, amr, address, userAgent, passwordHash, now }) => {
      const token = secrets.newSecret(PREFIX)
      return asAuth(knex, async (trx) => {
        if (!(await holds(trx, userId, passwordHash))) return undefined
        await endOldest(trx, userId, now)
        await trx('sessions').insert({
          id: newId(),
          user_id: userId,
          token_hash: secrets.hash(token),
          amr: JSON.stringify(amr),
          ...provenAt(now),
          created_at: now,
          expires_at: overAt(now),
          address: address?.slice(0, ADDRESS_LENGTH) ?? null,
          user_agent: userAgent?.slice(0, AGENT_LENGTH) ?? null,
        })
        return token
      })
    },
    find: (token, now) =>
      asAuth(knex, async (trx) => {
        const [session] = await read(trx, { which: 's.token_hash = :it', it: secrets.hash(token), now })
        if (session && now.getTime() - session.lastSeenAt.getTime() >= SEEN_MS) {
          const seen = { last_seen_at: now, longest_idle_seconds: session.longestIdleSeconds }
          await trx('sessions').where({ id: session.id }).update(seen)
        }
        return session
      }),
    listOf: (userId, now) => asAuth(knex, (trx) => read(trx, { which: 's.user_id = :it', it: userId, now })),
    renew: async (id, { amr, passwordHash, now }) => {
      const token = secrets.newSecret(PREFIX)
      const fresh = { token_hash: secrets.hash(token), expires_at: overAt(now) }
      const row = { ...fresh, ...provenAt(now), amr: JSON.stringify(amr), longest_idle_seconds: 0 }
      return asAuth(knex, async (trx) => {
        const [open] = await trx('sessions').where({ id }).whereNull('ended_at').select('user_id')
        if (open === undefined || !(await holds(trx, open.user_id, passwordHash))) return undefined
        return (await trx('sessions').where({ id }).whereNull('ended_at').update(row)) === 1 ? token : undefined
      })
    },
    strengthen: (id, amr) =>
      asAuth(knex, (trx) =>
        trx('sessions')
          .where({ id })
          .update({ amr: JSON.stringify(amr) }),
      ),
    end: async ({ id, userId }, now) => (await end({ id, userId, now })) > 0,
    endAll: async (userId, options) => void (await end({ userId, ...options })),
  }
}
