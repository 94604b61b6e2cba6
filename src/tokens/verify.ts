import crypto from 'node:crypto'
import { AppError } from '../errors.js'
import { createBoundedCache } from './bounded-cache.js'
import { type AccessClaims, readClaims, revocationTopics } from './claims.js'
import type { RingKey } from './key-store.js'
import type { KeyRing } from './keys.js'
import type { Revocations } from './revocations.js'

const LONGEST = 8192
const CACHED = 20_000
const SKEW_SECONDS = 60
const LONGEST_LIFE_SECONDS = 31_536_000
const TYPES = new Set(['jwt', 'at+jwt', 'application/at+jwt'])
const HEADER_MEMBERS = new Set(['alg', 'typ', 'kid'])

/** An access token that counts now. */
export interface VerifiedToken {
  readonly claims: AccessClaims
  /** Topics whose revocation ends it. */
  readonly topics: readonly string[]
}

interface Entry extends VerifiedToken {
  readonly kid: string
}

/** Decides whether an access token counts. */
export interface Verifier {
  /** @throws AppError `unauthenticated` for every token that does not count (one text for all reasons), `unavailable`
   *  when revocations cannot be read. Source: RFC 9068 §4, RFC 8725 */
  verify(token: string, now: Date): Promise<VerifiedToken>
}

const refusal = (): AppError =>
  new AppError('unauthenticated', { detail: 'The access token is missing, malformed, expired or revoked.' })

function parse(segment: string): unknown {
  try {
    return JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

/** The key that the header names, if the header is one of ours. A header that brings its own key (`jwk`, `jku`, `x5u`,
 *  `x5c`) or demands (`crit`) is none of ours, whatever its signature. Source: RFC 8725 §3.1, §3.10, ATTACKS T10. */
async function keyOf(segment: string, keys: KeyRing, now: Date): Promise<RingKey | undefined> {
  const header = parse(segment)
  if (typeof header !== 'object' || header === null) return undefined
  const { alg, typ, kid } = header as Record<string, unknown>
  if (Object.keys(header).some((name) => !HEADER_MEMBERS.has(name))) return undefined
  if (typeof typ !== 'string' || !TYPES.has(typ.toLowerCase())) return undefined
  if (typeof kid !== 'string' || !/^[0-9a-f]{64}$/.test(kid)) return undefined
  const key = await keys.find(kid, now)
  // A key that signs id_tokens says who somebody is, never what may be done.
  return key?.purpose === 'access' && key.alg === alg ? key : undefined
}

function timely(claims: AccessClaims, now: Date): boolean {
  const at = now.getTime() / 1000
  const { exp, iat, nbf = 0 } = claims
  return exp > at && iat <= at + SKEW_SECONDS && nbf <= at + SKEW_SECONDS
}

/** In one call where Node has it (20.12): half of what a warm check costs is this. */
const digestOf = (token: string): string =>
  typeof crypto.hash === 'function'
    ? crypto.hash('sha256', token, 'base64')
    : crypto.createHash('sha256').update(token).digest('base64')

interface Expected {
  issuer: string
  audience: string
}

/** What can never change about a token: whose it is, for whom, how long. */
function ours(claims: AccessClaims, { issuer, audience }: Expected): boolean {
  const audiences = typeof claims.aud === 'string' ? [claims.aud] : claims.aud
  const lifetime = claims.exp - claims.iat
  return (
    claims.iss === issuer &&
    audiences.includes(audience) &&
    lifetime > 0 &&
    lifetime <= LONGEST_LIFE_SECONDS &&
    claims.client_id === claims.application.client_id &&
    (claims.organization ?? claims.user) !== undefined
  )
}

async function examine(token: string, options: Expected & { keys: KeyRing; now: Date }): Promise<Entry | undefined> {
  const [header, payload, signature, ...rest] = token.split('.')
  if (!header || !payload || !signature || rest.length > 0) return undefined
  if (!/^[A-Za-z0-9_.-]+$/.test(token)) return undefined
  const key = await keyOf(header, options.keys, options.now)
  if (!key?.verify(`${header}.${payload}`, signature)) return undefined
  const claims = readClaims(parse(payload))
  if (!claims || !ours(claims, options)) return undefined
  return { claims, topics: revocationTopics(claims), kid: key.kid }
}

/** Makes the verifier. A signature is checked once a token and process; time, key and revocation at every call.
 *  `audience` must be in the token's `aud`. Source: PERFORMANCE 5. */
export function createVerifier(
  options: Expected & { keys: KeyRing; revocations: Pick<Revocations, 'healthy' | 'isRevoked'> },
): Verifier {
  const { keys, revocations } = options
  // By digest: a dump of the memory holds no token.
  const cache = createBoundedCache<Entry>(CACHED)
  const current = (entry: Entry, now: Date): boolean =>
    timely(entry.claims, now) &&
    keys.known(entry.kid, now) !== undefined &&
    !revocations.isRevoked(entry.topics, entry.claims.iat)
  return {
    verify: async (token, now) => {
      if (token.length > LONGEST) throw refusal()
      const digest = digestOf(token)
      const cached = cache.get(digest)
      const entry = cached ?? (await examine(token, { ...options, now }))
      if (!entry) throw refusal()
      // Only for a token that would count: a forged one is refused without a word about our state.
      if (!revocations.healthy()) {
        throw new AppError('unavailable', {
          detail: 'Tokens cannot be checked right now. Try again in a few seconds.',
          headers: { 'Retry-After': '2' },
        })
      }
      if (!current(entry, now)) {
        cache.delete(digest)
        throw refusal()
      }
      if (!cached) cache.set(digest, entry)
      return { claims: entry.claims, topics: entry.topics }
    },
  }
}
