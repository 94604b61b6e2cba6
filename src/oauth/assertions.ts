import { z } from 'zod'
import { ID_PATTERN } from '../ids.js'

/** Longest assertion, in characters. Source: CONTRACT 5.8 */
export const LONGEST_ASSERTION = 4096

/** Longest life of an assertion as a grant, in seconds. */
export const LONGEST_SECONDS = 3600
/** Clocks may differ by so much. */
const SKEW_SECONDS = 60

/** The claim under which the contract's clients say what they want. */
const CLAIMS = 'https://commercelayer.io/claims'

/** Whom an assertion names, and what is to be copied into the token. */
export interface AssertedClaims {
  readonly owner: { readonly type: 'User' | 'Customer'; readonly id: string } | undefined
  readonly customClaim: Record<string, unknown> | undefined
}

const claims = z
  .object({
    owner: z.object({ type: z.enum(['User', 'Customer']), id: z.string().regex(ID_PATTERN) }).optional(),
    custom_claim: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(({ owner, custom_claim: custom }) => owner !== undefined || Object.keys(custom ?? {}).length > 0)

/** Refuses what no database can hold and what means something to JavaScript. */
function harmless(name: string, value: unknown): unknown {
  const bad = (text: string): boolean => text.includes('\0') || /\p{Surrogate}/u.test(text)
  if (name === '__proto__' || bad(name) || (typeof value === 'string' && bad(value))) throw new Error('not harmless')
  return value
}

/** The JSON object in a segment; undefined when it is none. */
function readObject(segment: string | undefined): Record<string, unknown> | undefined {
  if (segment === undefined || !/^[A-Za-z0-9_-]+$/.test(segment)) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(segment, 'base64url'))
    const parsed: unknown = JSON.parse(text, harmless)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : undefined
  } catch {
    return undefined
  }
}

/** The payload of a JWT, unproven: of an assertion that is not ours to verify, or to find out whose keys to ask.
 *  @returns undefined when it is not three segments of which two are JSON objects, or too long */
export function payloadOf(assertion: string): Record<string, unknown> | undefined {
  const [header, payload, ...rest] = assertion.split('.')
  if (assertion.length > LONGEST_ASSERTION || rest.length !== 1) return undefined
  return readObject(header) && readObject(payload)
}

/** What the contract's claim says; undefined when it says nothing or something that is not so. Source: CONTRACT 5.8 */
export function readAsserted(payload: Record<string, unknown>): AssertedClaims | undefined {
  const parsed = claims.safeParse(payload[CLAIMS])
  return parsed.success ? { owner: parsed.data.owner, customClaim: parsed.data.custom_claim } : undefined
}

const seconds = z.number().nonnegative().optional()
const times = z.object({ iat: z.number().nonnegative(), exp: seconds, nbf: seconds })

/** Whether what an unsigned assertion says of its own time holds now; `iat` it must have. The official client sends no `exp`:
 *  then an hour after `iat` is the end. Source: CONTRACT 5.8; ATTACKS T13 */
export function isTimely(payload: Record<string, unknown>, now: Date): boolean {
  const parsed = times.safeParse(payload)
  const at = now.getTime() / 1000
  if (!parsed.success) return false
  const { iat, exp = iat + LONGEST_SECONDS, nbf = 0 } = parsed.data
  if (iat > at + SKEW_SECONDS || nbf > at + SKEW_SECONDS) return false
  return iat > at - LONGEST_SECONDS && exp > at && exp <= at + LONGEST_SECONDS + SKEW_SECONDS
}

/** When no assertion is timely any more that is now. */
export const overBy = (now: Date): Date => new Date(now.getTime() + (LONGEST_SECONDS + SKEW_SECONDS) * 1000)
