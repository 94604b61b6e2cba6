import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import { z } from 'zod'
import { AppError } from '../errors.js'
import type { KeyRing } from '../tokens/keys.js'
import { signIdToken } from '../tokens/mint.js'
import { type Person, readPerson } from '../tokens/people.js'

/** Life of an id_token: it tells of a sign-in to who asked for it, now. */
const LIFETIME_SECONDS = 3600
const LONGEST_HINT = 8192

const itemsOf = (scope: string): string[] => scope.split(/[ ,]+/)

/** Whether a granted scope asks who somebody is. */
export const wantsIdToken = (scope: string): boolean => itemsOf(scope).includes('openid')

/** Every claim that `claimsOfPerson` may tell, by the scope item that asks for it. Source: OpenID Connect Core §5.4 */
export const CLAIMS_BY_SCOPE = {
  profile: ['name', 'given_name', 'family_name', 'zoneinfo', 'updated_at'],
  email: ['email', 'email_verified'],
} as const

/** What a granted scope tells of a person; what is not known is left out. `updated_at` in seconds.
 *  Source: OpenID Connect Core §5.1 */
export function claimsOfPerson(person: Person, scope: string): Record<string, unknown> {
  const items = itemsOf(scope)
  const name = [person.firstName, person.lastName].filter((part) => part !== null && part !== '').join(' ')
  const profile = {
    ...(name === '' ? {} : { name }),
    ...(person.firstName === null ? {} : { given_name: person.firstName }),
    ...(person.lastName === null ? {} : { family_name: person.lastName }),
    ...(person.timeZone === null ? {} : { zoneinfo: person.timeZone }),
    updated_at: Math.floor(person.updatedAt.getTime() / 1000),
  }
  return {
    ...(items.includes('profile') ? profile : {}),
    ...(items.includes('email') ? { email: person.email, email_verified: person.emailVerified } : {}),
  }
}

/** A sign-in to be told of. */
export interface SignIn {
  readonly client: { readonly clientId: string }
  readonly userId: string
  /** As granted. */
  readonly scope: string
  /** As the authorization request had it; undefined when refreshed (OpenID Connect Core §12.2). */
  readonly nonce: string | undefined
  /** Undefined when an assertion has named the person, who did not sign in. */
  readonly authenticatedAt: Date | undefined
  readonly amr: readonly string[]
  readonly sessionId: string | undefined
  /** The access token that is issued with it. */
  readonly accessToken: string
  readonly now: Date
}

function idClaims(signIn: SignIn, issuer: string): Record<string, unknown> {
  const { client, userId, authenticatedAt, amr, nonce, sessionId, accessToken, now } = signIn
  const iat = Math.floor(now.getTime() / 1000)
  const half = createHash('sha256').update(accessToken, 'ascii').digest().subarray(0, 16)
  return {
    iss: issuer,
    sub: userId,
    aud: client.clientId,
    exp: iat + LIFETIME_SECONDS,
    iat,
    ...(authenticatedAt === undefined ? {} : { auth_time: Math.floor(authenticatedAt.getTime() / 1000) }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(amr.length === 0 ? {} : { amr: [...amr] }),
    ...(sessionId === undefined ? {} : { sid: sessionId }),
    at_hash: half.toString('base64url'),
  }
}

/** Makes the maker of id_tokens: each for one client, signed RS256 with a key that signs nothing else. It says who and
 *  when, by `at_hash` which access token belongs to it, and of the person what `profile` and `email` ask for. Call it
 *  outside of transactions: it reads the person.
 *  Errors: `invalid_grant` when the person is not there any more. Source: OpenID Connect Core §2, §3.1.3.6, §5.4 */
export function createIdTokens({
  keys,
  issuer,
  knex,
}: {
  keys: Pick<KeyRing, 'identityKey'>
  issuer: string
  knex: Knex
}): (signIn: SignIn) => Promise<string> {
  return async (signIn) => {
    const person = await readPerson(knex, { userId: signIn.userId })
    if (person === undefined) throw new AppError('invalid_grant', { detail: 'The user is not there any more.' })
    const claims = { ...idClaims(signIn, issuer), ...claimsOfPerson(person, signIn.scope) }
    return signIdToken(keys, claims, signIn.now)
  }
}

/** What a client shows us to say whom it means. */
export interface IdTokenHint {
  readonly userId: string
  readonly clientId: string
  readonly sessionId: string | undefined
}

const hintClaims = z.object({
  iss: z.string(),
  sub: z.string().min(1),
  aud: z.string().min(1),
  sid: z.string().min(1).optional(),
})

function parse(segment: string): unknown {
  try {
    return JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

/** Reads an id_token that comes back as a hint; undefined when it is none of ours. One that has expired is still a hint.
 *  Source: OpenID Connect Core §3.1.2.1; RP-Initiated Logout §2 */
export async function readIdTokenHint(
  hint: string,
  { keys, issuer, now }: { keys: Pick<KeyRing, 'find'>; issuer: string; now: Date },
): Promise<IdTokenHint | undefined> {
  if (hint.length > LONGEST_HINT || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(hint)) return undefined
  const [head = '', payload = '', signature = ''] = hint.split('.')
  const header = z.object({ alg: z.string(), kid: z.string() }).safeParse(parse(head))
  if (!header.success) return undefined
  const key = await keys.find(header.data.kid, now)
  if (key?.purpose !== 'identity' || key.alg !== header.data.alg) return undefined
  if (!key.verify(`${head}.${payload}`, signature)) return undefined
  const claims = hintClaims.safeParse(parse(payload))
  if (!claims.success || claims.data.iss !== issuer) return undefined
  return { userId: claims.data.sub, clientId: claims.data.aud, sessionId: claims.data.sid }
}
