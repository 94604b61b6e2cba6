import { createHash, timingSafeEqual } from 'node:crypto'
import { asAuth } from '../../db/roles.js'
import { AppError } from '../../errors.js'
import { burnCode, findCode, type KeptCode, useCode } from '../../tokens/codes.js'
import { endFamily } from '../../tokens/families.js'
import type { Parameters } from '../parameters.js'
import type { Grant, GrantRequest, GrantTools, TokenBody } from './grant.js'
import { type Issue, type PreparedTokens, prepareTokens } from './issue.js'
import { checkRepeated, isCutOff } from './standing.js'

/** One text for all reasons: whoever holds a code that is not theirs learns nothing. */
const refusal = (): AppError =>
  new AppError('invalid_grant', {
    detail: 'The authorization code is invalid, expired, revoked, or was issued to another client.',
  })

/** Clocks of two instances may differ by so much. */
const SKEW_MS = 60_000

/** RFC 7636 §4.1 */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

/** Whether a verifier is the challenge's. Of a code without a challenge only the absence of one fits: else somebody could
 *  take the challenge out of another's authorization request unseen. Source: RFC 7636 §4.6; RFC 9700 §2.1.1 */
function proves(verifier: string | undefined, challenge: string | undefined): boolean {
  if (challenge === undefined || verifier === undefined) return challenge === verifier
  if (!VERIFIER.test(verifier)) return false
  const [made, kept] = [createHash('sha256').update(verifier).digest(), Buffer.from(challenge, 'base64url')]
  return made.length === kept.length && timingSafeEqual(made, kept)
}

/** RFC 6749 §4.1.3: a redirect URI that the authorization request has named is named again, and is the same. */
function fits(code: KeptCode, parameters: Parameters): boolean {
  const named = parameters.get('redirect_uri') ?? (code.redirectUriSent === false ? code.redirectUri : undefined)
  return named === code.redirectUri && proves(parameters.get('code_verifier'), code.codeChallenge)
}

/** Whether a code counts by this machine's clock: neither expired, nor made by one that is so far ahead that "expired" means
 *  nothing here. Source: ATTACKS F11 */
const isInTime = ({ createdAt, expiresAt }: KeptCode, now: Date): boolean =>
  expiresAt > now && createdAt.getTime() <= now.getTime() + SKEW_MS

/** Ends what the first use of a code has begun: one of the two has stolen it. Source: RFC 6749 §4.1.2; ATTACKS P6 */
async function refuseSecondUse(code: KeptCode, now: Date, { knex, revocations }: GrantTools): Promise<never> {
  const { familyId: id, organizationId } = code
  if (id !== undefined) {
    await endFamily(knex, revocations, { id, organizationId, because: 'code_used_twice', now })
    await revocations.refresh()
  }
  throw refusal()
}

/** The code of this request, which counts and fits. A wrong guess burns it.
 *  @throws AppError malformed, invalid_grant, invalid_scope, invalid_target */
async function codeFor({ client, parameters, now }: GrantRequest, tools: GrantTools): Promise<KeptCode> {
  const { knex, secrets, audience } = tools
  const text = parameters.get('code')
  if (text === undefined) throw new AppError('malformed', { detail: 'The parameter code is missing.' })
  const code = await findCode(knex, secrets.hash(text))
  // What another client sends is left alone: it must not be able to spoil the sign-in that it has listened to.
  if (code === undefined || code.clientId !== client.clientId) throw refusal()
  if (code.used) return refuseSecondUse(code, now, tools)
  if (!isInTime(code, now) || !fits(code, parameters)) {
    await burnCode(knex, code, now)
    throw refusal()
  }
  checkRepeated(parameters, code, audience)
  return code
}

/** What the code's tokens are to say.
 *  @throws AppError invalid_grant when the person, their seat, their sign-in or the organization is no more */
async function issueFor(code: KeptCode, { client, now }: GrantRequest, tools: GrantTools): Promise<Issue> {
  const { organizationId, userId, sessionId, authenticatedAt, amr, nonce, scope, resource } = code
  const standing = await tools.owners.standing({ organizationId, userId, sessionId })
  if (standing === undefined || isCutOff(code, tools)) throw refusal()
  return {
    client,
    organization: standing.organization,
    owner: { id: userId, type: 'User' },
    scope,
    signIn: { authenticatedAt, amr, sessionId, nonce },
    resource,
    refresh: 'begin',
    now,
  }
}

/** Uses the code up and writes the family, both or neither: after a fault of the database the same request may be sent
 *  again (ATTACKS P8). Of many at once one is the first; the others are second uses. */
async function exchange(
  code: KeptCode,
  { prepared, now }: { prepared: PreparedTokens; now: Date },
  tools: GrantTools,
): Promise<TokenBody> {
  const { familyId } = prepared
  const first = await asAuth(tools.knex, async (trx) => {
    const used = await useCode(trx, code, { familyId, now })
    if (used) await prepared.save(trx)
    return used
  })
  if (first) return prepared.body
  const again = await findCode(tools.knex, code.hash)
  return refuseSecondUse(again ?? code, now, tools)
}

/** Authorization code with PKCE: what a person has agreed to in a browser becomes tokens. The library's own code for this
 *  grant is not used: it marks the code and saves the tokens apart, and by the system's clock. Source: RFC 6749 §4.1.3;
 *  RFC 7636 */
export const authorizationCode: Grant = {
  grantType: 'authorization_code',
  kinds: ['webapp', 'dashboard'],
  parameters: ['code', 'redirect_uri', 'code_verifier', 'scope', 'resource'],
  checks: [],
  issue: async (request, tools) => {
    const code = await codeFor(request, tools)
    const prepared = await prepareTokens(await issueFor(code, request, tools), tools)
    const body = await exchange(code, { prepared, now: request.now }, tools)
    tools.activity?.signedIn(code.userId, code.organizationId, request.now)
    return body
  },
}
