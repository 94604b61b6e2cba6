import type { Secrets } from '../crypto/secrets.js'
import { AppError } from '../errors.js'
import type { AccessClaims } from '../tokens/claims.js'
import type { Revocations } from '../tokens/revocations.js'
import type { Verifier } from '../tokens/verify.js'
import type { Client, Clients } from './clients.js'
import { CLIENT_PARAMETERS, invalidClient } from './credentials.js'
import { isCutOff } from './grants/standing.js'
import type { Owners } from './owners.js'
import { counting, readTokenRequest } from './revoke.js'
import type { TokenRequest } from './server.js'

/** Every body parameter that the introspection endpoint reads. */
export const INTROSPECT_PARAMETERS: ReadonlySet<string> = new Set(['token', ...CLIENT_PARAMETERS])

interface IntrospectParts {
  clients: Clients
  secrets: Pick<Secrets, 'hash'>
  owners: Owners
  revocations: Pick<Revocations, 'isRevoked'>
  verifier: Verifier
  issuer: string
}

type Description = Record<string, unknown>

/** Whether a token is any of this client's business: of its own organization, or its user's own. Source: ATTACKS T18 */
function concerns({ organization, user }: AccessClaims, client: Client): boolean {
  if (organization !== undefined) return organization.id === client.organization?.id
  return user !== undefined && user.id === client.userId
}

/** What an access token says, as long as everybody in it still stands: the people and the application are asked anew,
 *  because nobody tells the token. */
async function ofAccessToken(token: string, client: Client, { parts, now }: { parts: IntrospectParts; now: Date }) {
  const claims = (await counting(token, parts.verifier, now))?.claims
  if (claims === undefined || !concerns(claims, client)) return undefined
  const { rand: _rand, ...said } = claims
  const { organization, user, owner, sid } = said
  const userId = user?.id ?? (owner?.type === 'User' ? owner.id : undefined)
  const customerId = owner?.type === 'Customer' ? owner.id : undefined
  const stands = await parts.owners.standing({ organizationId: organization?.id, userId, customerId, sessionId: sid })
  if (stands === undefined || (await parts.clients.find(claims.client_id, now)) === undefined) return undefined
  return { ...said, token_type: 'bearer' }
}

/** What is known of a refresh token: for its own client only. */
async function ofRefreshToken(token: string, client: Client, { parts, now }: { parts: IntrospectParts; now: Date }) {
  const found = await parts.owners.refreshToken(parts.secrets.hash(token))
  if (found?.standing === undefined || found.token.family.clientId !== client.clientId) return undefined
  const { family, usedAt, expiresAt, createdAt } = found.token
  if (family.ended || usedAt !== undefined || expiresAt <= now || isCutOff(family, parts)) return undefined
  return {
    scope: family.scope,
    client_id: family.clientId,
    token_type: 'refresh_token',
    exp: Math.floor(expiresAt.getTime() / 1000),
    iat: Math.floor(createdAt.getTime() / 1000),
    sub: family.userId ?? family.customerId ?? family.clientId,
    iss: parts.issuer,
  }
}

/** Tells a resource server whether a token counts and what it says. Asked by clients that prove themselves, about tokens of
 *  their own organization; of every other, whatever the reason, only that it does not count.
 *  Throws `invalid_client` (401), `forbidden` (403) for a bearer token, `malformed`. Source: RFC 7662 §2 */
export async function answerIntrospectionRequest(request: TokenRequest, parts: IntrospectParts): Promise<Description> {
  if (/^bearer\b/i.test(request.authorization ?? '')) {
    throw new AppError('forbidden', {
      detail: 'Introspection is for clients: authenticate with a client_id and secret.',
    })
  }
  const { client, token } = await readTokenRequest(request, parts.clients)
  // A client_id that everybody knows is no right to ask.
  if (!client.authenticated) throw invalidClient(false)
  const options = { parts, now: request.now }
  const description = (await ofAccessToken(token, client, options)) ?? (await ofRefreshToken(token, client, options))
  return description === undefined ? { active: false } : { active: true, ...description }
}
