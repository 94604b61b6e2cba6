import type { Knex } from 'knex'
import { atOnce } from '../db/at-once.js'
import { type Family, organizationAt, placeOf, TOKEN_MS } from './families.js'

/** A refresh token as it is kept, with its family. */
export interface KeptToken {
  readonly hash: string
  readonly family: Family & { readonly createdAt: Date; readonly lastUsedAt: Date; readonly ended: boolean }
  readonly usedAt: Date | undefined
  /** Sealed: what its use was answered. */
  readonly answer: string | undefined
  readonly createdAt: Date
  readonly expiresAt: Date
}

interface Row extends Record<string, unknown> {
  organization_id: string
  hash: string
  used_at: string | null
  answer: string | null
  token_created_at: string
  token_expires_at: string
  id: string
  client_id: string
  api_credential_id: string | null
  user_id: string | null
  customer_id: string | null
  session_id: string | null
  scope: string
  custom_claim: Record<string, unknown> | null
  resource: string | null
  authenticated_at: string | null
  amr: string[]
  asserted: boolean
  ended_at: string | null
  created_at: string
  last_used_at: string
}

const find = (which: string): string => `
  select t.organization_id, t.hash, t.used_at, t.answer, t.created_at as token_created_at, t.expires_at as token_expires_at,
    f.id, f.client_id, f.api_credential_id, f.user_id, f.customer_id, f.session_id, f.scope, f.custom_claim, f.resource,
    f.authenticated_at, f.amr, f.asserted, f.ended_at, f.created_at, f.last_used_at
  from refresh_tokens t join refresh_families f on f.organization_id = t.organization_id and f.id = t.family_id
  where ${which}`

const dateOf = (text: string | null): Date | undefined => (text === null ? undefined : new Date(text))

const keptOf = (row: Row): KeptToken => ({
  hash: row.hash,
  usedAt: dateOf(row.used_at),
  answer: row.answer ?? undefined,
  createdAt: new Date(row.token_created_at),
  expiresAt: new Date(row.token_expires_at),
  family: {
    id: row.id,
    organizationId: organizationAt(row.organization_id),
    clientId: row.client_id,
    applicationId: row.api_credential_id ?? undefined,
    userId: row.user_id ?? undefined,
    customerId: row.customer_id ?? undefined,
    sessionId: row.session_id ?? undefined,
    scope: row.scope,
    customClaim: row.custom_claim ?? undefined,
    resource: row.resource ?? undefined,
    authenticatedAt: dateOf(row.authenticated_at),
    amr: row.amr,
    asserted: row.asserted,
    ended: row.ended_at !== null,
    createdAt: new Date(row.created_at),
    lastUsedAt: new Date(row.last_used_at),
  },
})

/** The refresh token with this keyed hash and its family, whatever has become of them. `knex`: the pool, or the caller's
 *  transaction as `gatehouse_auth`. */
export async function findRefreshToken(knex: Knex, hash: string): Promise<KeptToken | undefined> {
  const [row] = await atOnce<Row>(knex, find('t.hash = ?'), [hash])
  return row && keptOf(row)
}

/** A refresh token, and what was asked beside it. */
export interface TokenBeside {
  readonly token: KeptToken
  readonly beside: unknown
}

/** As `findRefreshToken` for several, with what a subquery beside each row `found` says, as JSON: one round trip for all.
 *  @returns in the order of the hashes */
export async function findRefreshTokensWith(
  knex: Knex,
  { hashes, beside }: { hashes: readonly string[]; beside: string },
): Promise<(TokenBeside | undefined)[]> {
  // As JSON too: the driver takes longer for twenty columns than for two. Hash by hash: `= any` is planned for all at once,
  // by reading the families where there are few.
  const sql = `select to_json(found) as found, to_json(beside) as beside
    from unnest(cast(? as text[])) asked (hash) cross join lateral (${find('t.hash = asked.hash')}) found
    left join lateral (${beside}) beside on true`
  const rows = await atOnce<{ found: Row; beside: unknown }>(knex, sql, [hashes])
  const byHash = new Map(rows.map((row) => [row.found.hash, { token: keptOf(row.found), beside: row.beside }]))
  return hashes.map((hash) => byHash.get(hash))
}

// One statement: who finds the token unused marks it, keeps the answer and puts the successor in its place. Those who
// come at the same time wait for the family's row and then find nothing unused.
const ROTATE = `
  with family as (
    update refresh_families set last_used_at = :now
    where organization_id = :place and id = :family and ended_at is null and expires_at > :now
    returning expires_at
  ), used as (
    update refresh_tokens set used_at = :now, answer = :answer
    where organization_id = :place and hash = :hash and used_at is null and expires_at > :now and exists (select from family)
    returning family_id
  )
  insert into refresh_tokens (organization_id, hash, family_id, created_at, expires_at)
    select cast(:place as text), cast(:successor as text), used.family_id, cast(:now as timestamptz),
      least(cast(:expiresAt as timestamptz), family.expires_at)
    from used, family
    returning hash`

/** Uses a refresh token: `answer` (sealed) is what the use is answered, `successor` the keyed hash of the next token.
 *  @returns whether it was this call that used it; false: used before, expired, or its family has ended */
export async function rotate(
  knex: Knex,
  use: { token: KeptToken; successor: string; answer: string; now: Date },
): Promise<boolean> {
  const { token, successor, answer, now } = use
  const rows = await atOnce(knex, ROTATE, {
    place: placeOf(token.family.organizationId),
    family: token.family.id,
    hash: token.hash,
    successor,
    answer,
    now,
    expiresAt: new Date(now.getTime() + TOKEN_MS),
  })
  return rows.length === 1
}
