import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import { asAuth } from '../db/roles.js'
import { AppError } from '../errors.js'
import { endFamily } from '../tokens/families.js'
import { findRefreshToken } from '../tokens/refresh-tokens.js'
import type { Revocations } from '../tokens/revocations.js'
import type { VerifiedToken, Verifier } from '../tokens/verify.js'
import type { Client, Clients } from './clients.js'
import { CLIENT_PARAMETERS, readCredentials } from './credentials.js'
import type { RevocationLimit } from './revocation-limit.js'
import type { TokenRequest } from './server.js'

/** Every body parameter that the revocation endpoint reads. The hint is not one: we look everywhere anyway. */
export const REVOKE_PARAMETERS: ReadonlySet<string> = new Set(['token', ...CLIENT_PARAMETERS])

interface RevokeParts {
  clients: Clients
  db: Pick<Database, 'knex'>
  secrets: Pick<Secrets, 'hash'>
  revocations: Pick<Revocations, 'revoke' | 'refresh'>
  verifier: Verifier
  limit: RevocationLimit
}

/** The token of a request that says who its client is.
 *  @throws AppError malformed, invalid_client */
export async function readTokenRequest(
  { parameters, authorization, now }: TokenRequest,
  clients: Clients,
): Promise<{ client: Client; token: string }> {
  const client = await clients.authenticate(readCredentials(authorization, parameters), now)
  const token = parameters.get('token')
  if (token === undefined) throw new AppError('malformed', { detail: 'The parameter token is missing.' })
  return { client, token }
}

/** The access token if it counts now; undefined if it does not. */
export async function counting(token: string, verifier: Verifier, now: Date): Promise<VerifiedToken | undefined> {
  try {
    return await verifier.verify(token, now)
  } catch (error) {
    if (error instanceof AppError && error.kind === 'unauthenticated') return undefined
    throw error
  }
}

/** Refuses the token of another client.
 *  @throws AppError may_not_revoke */
function requireOwn(clientId: string, client: Client): void {
  if (clientId === client.clientId) return
  throw new AppError('may_not_revoke', { detail: 'You are not authorized to revoke this token' })
}

/** Ends a refresh token with its whole family, used up or not.  @returns false when it is none of ours */
async function endRefreshToken(
  { token, client, now }: { token: string; client: Client; now: Date },
  { db, secrets, revocations }: RevokeParts,
): Promise<boolean> {
  const found = await findRefreshToken(db.knex, secrets.hash(token))
  if (found === undefined) return false
  requireOwn(found.family.clientId, client)
  await endFamily(db.knex, revocations, { ...found.family, because: 'revoked', now })
  return true
}

async function endAccessToken(
  { claims }: VerifiedToken,
  { client, now }: { client: Client; now: Date },
  { db, revocations, limit }: RevokeParts,
): Promise<void> {
  requireOwn(claims.client_id, client)
  // Whose token is a person's has the person behind it; guests are as many as anybody likes.
  const person = claims.owner ?? claims.user
  if (!client.authenticated && person === undefined) limit.take(client.clientId, now)
  const expiresAt = new Date(claims.exp * 1000)
  await asAuth(db.knex, (trx) => revocations.revoke(trx, { topic: `jti:${claims.jti}`, now, expiresAt }))
}

/** Ends one access token, or a refresh token with its family and their access tokens, on every instance. A token that does
 *  not count is no error (RFC 7009 §2.2); one of another client is, and is left alone. A public client may end its own
 *  tokens by `client_id` alone, of guests so many in an hour.
 *  Throws `invalid_client`, `malformed`, `may_not_revoke`, `too_many`. Source: RFC 7009 §2; CONTRACT 5.5 */
export async function answerRevocationRequest(
  request: TokenRequest,
  parts: RevokeParts,
): Promise<Record<string, never>> {
  const { now } = request
  const { client, token } = await readTokenRequest(request, parts.clients)
  const verified = await counting(token, parts.verifier, now)
  if (verified) await endAccessToken(verified, { client, now }, parts)
  const ended = verified !== undefined || (await endRefreshToken({ token, client, now }, parts))
  if (ended) await parts.revocations.refresh()
  return {}
}
