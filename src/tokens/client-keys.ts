import { createPublicKey } from 'node:crypto'
import { decodeProtectedHeader, errors, importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'

/** Public keys of a client, each with the one algorithm that it is for. */
export interface ClientKeys {
  readonly keys: readonly Record<string, unknown>[]
}

const MOST_KEYS = 10
const LEAST_RSA_BITS = 2048
const SKEW_SECONDS = 60
const LONGEST_JTI = 256

/** Algorithms by kind of key; the first is what a key without a word of its own is for. Source: RFC 7518 §3.1, RFC 8037 */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  Ed25519: ['EdDSA'],
}
/** Algorithms that clients may sign assertions with. */
export const CLIENT_ALGORITHMS: readonly string[] = Object.values(ALGORITHMS).flat()

/** Members that make a key a private one. Source: RFC 7518 §6.2.2, §6.3.2, §6.4 */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
/** Members that make a public key. */
const PUBLIC = ['kty', 'crv', 'x', 'y', 'n', 'e']

/** A public key as it is kept, with its algorithm; undefined when it is private, weak, of another kind, or no key. */
function readKey(given: unknown): Record<string, unknown> | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined
  const jwk = given as Record<string, unknown>
  const { kty, crv, kid, alg, use = 'sig' } = jwk
  const algorithms = Object.hasOwn(ALGORITHMS, String(crv ?? kty)) ? (ALGORITHMS[String(crv ?? kty)] ?? []) : []
  const chosen = alg === undefined ? algorithms[0] : algorithms.find((one) => one === alg)
  if (PRIVATE.some((name) => name in jwk) || chosen === undefined || use !== 'sig') return undefined
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > 128)) return undefined
  try {
    const members = Object.fromEntries(PUBLIC.filter((name) => name in jwk).map((name) => [name, jwk[name]]))
    const key = createPublicKey({ key: members, format: 'jwk' })
    if (kty === 'RSA' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < LEAST_RSA_BITS) return undefined
    return { ...members, ...(kid === undefined ? {} : { kid }), alg: chosen, use: 'sig' }
  } catch {
    return undefined
  }
}

/** A JWK set as a client registers it, without what we have no use for; undefined when it is none, when one of its keys is
 *  not public, RSA of at least 2048 bits, EC or Ed25519, or when several keys cannot be told apart. Source: RFC 7517 §5 */
export function readClientKeys(given: unknown): ClientKeys | undefined {
  const { keys: listed } = (given ?? {}) as { keys?: unknown }
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > MOST_KEYS) return undefined
  const keys = listed.map(readKey).filter((key) => key !== undefined)
  const kids = new Set(keys.map(({ kid }) => kid))
  const apart = keys.length === 1 || (kids.size === keys.length && !kids.has(undefined))
  return keys.length === listed.length && apart ? { keys } : undefined
}

/** What an assertion must be to count. Lifetimes in seconds. */
export interface Expected {
  readonly keys: ClientKeys
  readonly clientId: string
  /** Names of this server; one of them must be the audience. */
  readonly audiences: readonly string[]
  readonly longestSeconds: number
  readonly now: Date
}

/** An assertion that counts. */
export interface Assertion {
  readonly subject: string
  readonly jti: string
  readonly expiresAt: Date
  readonly payload: JWTPayload
}

/** The key that an assertion says it is signed with: by name, or the only one. */
function keyFor(assertion: string, { keys }: ClientKeys): Record<string, unknown> | undefined {
  const { kid } = decodeProtectedHeader(assertion)
  return kid === undefined && keys.length === 1 ? keys[0] : keys.find((key) => key.kid !== undefined && key.kid === kid)
}

function readPayload(payload: JWTPayload, { longestSeconds, now }: Expected): Assertion | undefined {
  const { sub, exp, iat, jti } = payload
  const at = now.getTime() / 1000
  if (sub === undefined || exp === undefined || jti === undefined || jti === '' || jti.length > LONGEST_JTI)
    return undefined
  if (exp <= at || exp > at + longestSeconds + SKEW_SECONDS) return undefined
  if (iat !== undefined && (iat > at + SKEW_SECONDS || exp - iat > longestSeconds)) return undefined
  return { subject: sub, jti, expiresAt: new Date(exp * 1000), payload }
}

/** Checks an assertion that a client has signed: by one of its keys, with that key's own algorithm, about itself, for us,
 *  and not for long. Whether its `jti` is new is the caller's to ask. Source: RFC 7523 §3; RFC 8725 §3.1
 *  @returns undefined for one that does not count, whatever the reason */
export async function checkAssertion(assertion: string, expected: Expected): Promise<Assertion | undefined> {
  const { keys, clientId, audiences, now } = expected
  try {
    const jwk = keyFor(assertion, keys)
    if (jwk === undefined) return undefined
    const alg = String(jwk.alg)
    const { payload } = await jwtVerify(assertion, await importJWK(jwk as JWK, alg), {
      algorithms: [alg],
      issuer: clientId,
      audience: [...audiences],
      currentDate: now,
      clockTolerance: SKEW_SECONDS,
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'jti'],
    })
    return typeof payload.jti === 'string' && typeof payload.sub === 'string'
      ? readPayload(payload, expected)
      : undefined
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}
