import type { Database } from '../db/connect.js'
import { asAuth } from '../db/roles.js'
import { AppError } from '../errors.js'
import type { Revocations } from '../tokens/revocations.js'
import type { VerifiedToken, Verifier } from '../tokens/verify.js'
import type { Clients } from './clients.js'
import { CLIENT_PARAMETERS, readCredentials } from './credentials.js'
import type { RevocationLimit } from './revocation-limit.js'
import type { TokenRequest } from './server.js'

/** Every body parameter that the revocation endpoint reads. The hint is not one: we look everywhere anyway. */
export const REVOKE_PARAMETERS: ReadonlySet<string> = new Set(['token', ...CLIENT_PARAMETERS])

interface RevokeParts {
  clients: Clients
  db: Pick<Database, 'knex'>
  revocations: Pick<Revocations, 'revoke' | 'refresh'>
  verifier: Verifier
  limit: RevocationLimit
}

/** The token if it counts now; undefined if it does not, which is what the caller wants. */
async function counting(token: string, { verifier }: RevokeParts, now: Date): Promise<VerifiedToken | undefined> {
  try {
    return await verifier.verify(token, now)
  } catch (error) {
    if (error instanceof AppError && error.kind === 'unauthenticated') return undefined
    throw error
  }
}

/** Ends one access token on every instance. A token that does not count is no error (RFC 7009 §2.2); one of another
 *  client is, and is left alone. A public client may end its own token by `client_id` alone, so many in an hour.
 *  Throws `invalid_client`, `malformed`, `may_not_revoke`, `too_many`. Source: RFC 7009 §2; CONTRACT 5.5 */
export async function answerRevocationRequest(
  request: TokenRequest,
  parts: RevokeParts,
): Promise<Record<string, never>> {
  const { parameters, now } = request
  const client = await parts.clients.authenticate(readCredentials(request.authorization, parameters), now)
  const token = parameters.get('token')
  if (token === undefined) throw new AppError('malformed', { detail: 'The parameter token is missing.' })
  const verified = await counting(token, parts, now)
  if (!verified) return {}
  const { claims } = verified
  if (claims.client_id !== client.clientId) {
    throw new AppError('may_not_revoke', { detail: 'You are not authorized to revoke this token' })
  }
  if (!client.authenticated) parts.limit.take(client.clientId, now)
  const expiresAt = new Date(claims.exp * 1000)
  await asAuth(parts.db.knex, (trx) => parts.revocations.revoke(trx, { topic: `jti:${claims.jti}`, now, expiresAt }))
  await parts.revocations.refresh()
  return {}
}
