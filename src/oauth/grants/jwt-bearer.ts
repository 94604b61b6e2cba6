import type { Transaction } from '../../db/queries.js'
import { AppError } from '../../errors.js'
import { checkAssertion } from '../../tokens/client-keys.js'
import { takeOnce } from '../../tokens/replay.js'
import { type AssertedClaims, isTimely, LONGEST_SECONDS, overBy, payloadOf, readAsserted } from '../assertions.js'
import type { Client } from '../clients.js'
import { invalidClient } from '../credentials.js'
import { grantScope } from '../scopes.js'
import type { Grant, GrantRequest, GrantTools } from './grant.js'
import { issueTokens } from './issue.js'

const unsignedRefusal = (): AppError =>
  new AppError('invalid_assertion', { detail: 'The provided assertion is invalid.' })
const signedRefusal = (): AppError => new AppError('invalid_grant', { detail: 'The provided assertion is invalid.' })

/** The client's secret is what an assertion is believed for: who cannot have one, or did not present it, is told so.
 *  Source: CONTRACT 5.8; ATTACKS T15 */
function requireProof({ kind, confidential, authenticated }: Client): void {
  if (kind === 'webapp' && !confidential) {
    throw new AppError('unauthorized_client', { detail: 'The client is not allowed to use this grant type.' })
  }
  if (!authenticated) throw invalidClient(false)
}

/** An assertion without a signature of its own: its form, its time, and a `jti` once. */
async function readUnsigned(assertion: string, { client, now }: GrantRequest, tools: GrantTools) {
  const payload = payloadOf(assertion)
  const asserted = payload && readAsserted(payload)
  if (!payload || !asserted || !isTimely(payload, now)) throw unsignedRefusal()
  const { jti } = payload
  if (jti !== undefined) {
    const hash = tools.secrets.hash(`jti ${JSON.stringify(jti)}`)
    const taken = { clientId: client.clientId, hash, expiresAt: overBy(now) }
    if (!(await takeOnce(tools.knex, taken))) throw unsignedRefusal()
  }
  return asserted
}

/** The person of an organization whose id a signed assertion's subject is. */
async function ownerBy(id: string, organizationId: string, { owners }: GrantTools): Promise<AssertedClaims['owner']> {
  if ((await owners.standing({ organizationId, customerId: id })) !== undefined) return { type: 'Customer', id }
  return { type: 'User', id }
}

/** An assertion that the client has signed with one of its keys. Its subject is the client, or a person of its
 *  organization. Source: RFC 7523 §2.1, §3 */
async function readSigned(
  assertion: string,
  { client, now }: GrantRequest,
  tools: GrantTools,
): Promise<AssertedClaims> {
  const { jwks: keys, clientId, organization } = client
  const audiences = [tools.issuer, `${tools.issuer}/oauth/token`]
  const expected = { clientId, audiences, longestSeconds: LONGEST_SECONDS, now }
  const payload = payloadOf(assertion)
  const checked = keys && payload && (await checkAssertion(assertion, { ...expected, keys }))
  if (!checked || organization === undefined) throw signedRefusal()
  const hash = tools.secrets.hash(`jti ${JSON.stringify(checked.jti)}`)
  if (!(await takeOnce(tools.knex, { clientId, hash, expiresAt: checked.expiresAt }))) throw signedRefusal()
  const named = checked.subject !== clientId
  const owner = named ? await ownerBy(checked.subject, organization.id, tools) : undefined
  const asserted = readAsserted(payload)
  if (asserted?.owner !== undefined && named && asserted.owner.id !== checked.subject) throw signedRefusal()
  return { owner: asserted?.owner ?? owner, customClaim: asserted?.customClaim }
}

/** What the assertion of a request asserts. Who has registered keys must sign with one of them; the others are believed
 *  for their secret.
 *  @throws AppError malformed, invalid_assertion, invalid_grant */
function assertedBy(request: GrantRequest, tools: GrantTools): Promise<AssertedClaims> {
  const assertion = request.parameters.get('assertion')
  if (assertion === undefined) throw new AppError('malformed', { detail: 'The parameter assertion is missing.' })
  return request.client.jwks === undefined
    ? readUnsigned(assertion, request, tools)
    : readSigned(assertion, request, tools)
}

/** JWT bearer: an application says for whom it acts. It must prove itself; whom it names must be a person of its own
 *  organization: an enabled customer, or a user with an active seat. Such a user has not signed in, so that the token lacks
 *  what is nobody's but theirs (access/abilities.ts). Source: RFC 7523 §2.1; CONTRACT 5.8; ATTACKS T13-T15 */
export const jwtBearer: Grant = {
  grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  kinds: ['sales_channel', 'integration', 'webapp'],
  parameters: ['assertion', 'scope'],
  checks: [({ client }) => requireProof(client)],
  issue: async (request, tools) => {
    const { client, parameters, subjects, now } = request
    const scope = grantScope(parameters.get('scope'), client, subjects)
    const { owner, customClaim } = await assertedBy(request, tools)
    const { organization } = client
    const person = owner?.type === 'User' ? { userId: owner.id } : { customerId: owner?.id }
    const stand = async (trx?: Transaction): Promise<void> => {
      if ((await tools.owners.standing({ organizationId: organization?.id, ...person }, trx)) !== undefined) return
      throw client.jwks === undefined ? unsignedRefusal() : signedRefusal()
    }
    await stand()
    const asserted = owner?.type === 'User'
    // An integration can assert again at any time, and has no grant to refresh by (DECISIONS 3).
    const refresh = client.kind === 'integration' ? 'none' : 'begin'
    // Again once the family has begun: whoever ends the seat or the shopper meanwhile must not miss it.
    return issueTokens({ client, organization, owner, customClaim, scope, asserted, refresh, now }, tools, stand)
  },
}
