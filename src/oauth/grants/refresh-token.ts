import { AppError } from '../../errors.js'
import { endFamily } from '../../tokens/families.js'
import { type KeptToken, rotate } from '../../tokens/refresh-tokens.js'
import { itemsOf } from '../../tokens/registered-scopes.js'
import type { Standing } from '../owners.js'
import { grantScope } from '../scopes.js'
import type { Grant, GrantRequest, GrantTools, TokenBody } from './grant.js'
import { type Issue, prepareTokens } from './issue.js'
import { checkResource, isCutOff } from './standing.js'

/** For so long after its use a token is answered again as it was: answers get lost. Source: DECISIONS 4 */
const AGAIN_MS = 10_000

const refusal = (): AppError =>
  new AppError('invalid_grant', {
    detail: 'The refresh token is invalid, expired, revoked, or was issued to another client.',
  })

const TARGET = /^(market|store|stock_location):/

/** Whether an item is among the granted ones, or is a market or the like of `all` that were granted. */
const isGranted = (item: string, granted: readonly string[]): boolean => {
  const [, kind] = TARGET.exec(item) ?? []
  return (
    granted.includes(item) || (kind !== undefined && [`${kind}:all`, 'market:all'].some((all) => granted.includes(all)))
  )
}

/** The scope of the new access token: the granted one, or what is asked for of it, as far as the application still may.
 *  @throws AppError invalid_scope. Source: RFC 6749 §6; CONTRACT 5.1 */
function scopeOf({ client, parameters, subjects }: GrantRequest, granted: string): string {
  const asked = parameters.get('scope')
  const items = itemsOf(granted)
  if (asked !== undefined && !itemsOf(asked).every((item) => isGranted(item, items))) {
    throw new AppError('invalid_scope', { detail: 'The requested scope exceeds what was granted.' })
  }
  // Leaving out what narrows would widen: what was granted bounds the token as a credential's registered scopes do.
  const scope = asked === undefined ? granted : grantScope(asked, { ...client, scopes: granted }, subjects)
  return grantScope(scope, client, subjects)
}

/** Whether a person has to sign in again, as their organization has it, or any of theirs. Limits in seconds. */
function isStale({ family }: KeptToken, standing: Standing, now: Date): boolean {
  const { sessionMaxSeconds: max = Number.POSITIVE_INFINITY, sessionIdleSeconds: idle = Number.POSITIVE_INFINITY } =
    standing
  if (family.userId === undefined) return false
  const since = (date: Date): number => (now.getTime() - date.getTime()) / 1000
  return since(family.authenticatedAt ?? family.createdAt) > max || since(family.lastUsedAt) > idle
}

/** A token, and whether all that it stands for is still there. */
interface Found {
  readonly token: KeptToken
  readonly standing: Standing | undefined
}

/** The token of this request if it is its client's and has not been used for more than some seconds. Later it is known to
 *  two, one of whom has stolen it: then nobody keeps it. Source: RFC 9700 §4.14.2
 *  @throws AppError malformed, invalid_grant */
async function tokenFor({ client, parameters, now }: GrantRequest, tools: GrantTools): Promise<Found> {
  const { knex, owners, secrets, revocations } = tools
  const text = parameters.get('refresh_token')
  if (text === undefined) throw new AppError('malformed', { detail: 'The parameter refresh_token is missing.' })
  const found = await owners.refreshToken(secrets.hash(text))
  if (found === undefined || found.token.family.clientId !== client.clientId) throw refusal()
  const { usedAt, family, expiresAt } = found.token
  // Nobody signed in for it: an assertion was believed for the client's secret, and the secret must still be there (T5, T9).
  if (family.authenticatedAt === undefined && !client.authenticated) throw refusal()
  if (usedAt !== undefined && now.getTime() - usedAt.getTime() > AGAIN_MS) {
    await endFamily(knex, revocations, { ...family, because: 'token_used_twice', now })
    await revocations.refresh()
    throw refusal()
  }
  if (family.ended || expiresAt <= now || isCutOff(family, tools)) throw refusal()
  return found
}

function issueFor({ token, standing }: Found, request: GrantRequest, { audience }: GrantTools): Issue {
  const { client, now } = request
  const { family } = token
  const { userId, customerId, authenticatedAt, amr, sessionId, customClaim, resource, asserted } = family
  if (standing === undefined || isStale(token, standing, now)) throw refusal()
  checkResource(request.parameters, resource, audience)
  const owner = userId === undefined ? customerId : userId
  return {
    client,
    organization: standing.organization,
    owner: owner === undefined ? undefined : { id: owner, type: userId === undefined ? 'Customer' : 'User' },
    scope: scopeOf(request, family.scope),
    signIn: authenticatedAt === undefined ? undefined : { authenticatedAt, amr, sessionId },
    customClaim,
    resource,
    asserted,
    refresh: { familyId: family.id },
    now,
  }
}

/** What the use of a token was answered; undefined when it has not been used. */
function earlierAnswer({ usedAt, answer }: KeptToken, { secrets }: GrantTools): TokenBody | undefined {
  if (usedAt === undefined) return undefined
  if (answer === undefined) throw refusal()
  return JSON.parse(secrets.open(answer)) as TokenBody
}

/** Refresh: a token is good once, its answer names the next. Marking it, keeping the answer and writing the next are one
 *  statement: after a fault of the database either the same token still counts, or the same answer comes again.
 *  Source: RFC 6749 §6; RFC 9700 §4.14.2; DECISIONS 4 */
export const refreshToken: Grant = {
  grantType: 'refresh_token',
  kinds: ['sales_channel', 'webapp', 'dashboard'],
  parameters: ['refresh_token', 'scope', 'resource'],
  checks: [],
  issue: async (request, tools) => {
    const found = await tokenFor(request, tools)
    const { token } = found
    const issue = issueFor(found, request, tools)
    const earlier = earlierAnswer(token, tools)
    if (earlier !== undefined) return earlier
    const { body, refreshHash: successor = '' } = await prepareTokens(issue, tools)
    const answer = tools.secrets.seal(JSON.stringify(body))
    if (await rotate(tools.knex, { token, successor, answer, now: request.now })) return body
    // Somebody was quicker by a moment, and has the answer.
    const again = earlierAnswer((await tokenFor(request, tools)).token, tools)
    if (again === undefined) throw refusal()
    return again
  },
}
