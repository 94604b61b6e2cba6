import type { Transaction } from '../../db/queries.js'
import { asAuth } from '../../db/roles.js'
import { AppError } from '../../errors.js'
import { newId } from '../../ids.js'
import { type AccessClaims, type MarketClaim, organizationClaims, userClaims } from '../../tokens/claims.js'
import { beginFamily, type Family } from '../../tokens/families.js'
import { mintToken } from '../../tokens/mint.js'
import type { Client } from '../clients.js'
import { wantsIdToken } from '../id-token.js'
import type { GrantTools, TokenBody } from './grant.js'

/** What a token is to say, once everything about it has been checked. */
export interface Issue {
  readonly client: Client
  /** The organization that the token stands in; undefined: none, its user's in all of theirs. */
  readonly organization: { readonly id: string; readonly slug: string; readonly region: string } | undefined
  /** Whom it acts for; undefined: a guest, or the client itself. */
  readonly owner?: { readonly id: string; readonly type: 'User' | 'Customer' } | undefined
  /** To the letter as it is answered. */
  readonly scope: string
  /** How its user has signed in. */
  readonly signIn?:
    | {
        readonly authenticatedAt: Date
        readonly amr: readonly string[]
        readonly sessionId: string | undefined
        readonly nonce?: string | undefined
      }
    | undefined
  /** Whether its user was named by an assertion and has not signed in. */
  readonly asserted?: boolean | undefined
  readonly customClaim?: Record<string, unknown> | undefined
  /** Another resource server that it is for (RFC 8707). */
  readonly resource?: string | undefined
  /** Whether a refresh token comes with it: the first of a new family, one more of a family that is there, or none. */
  readonly refresh: 'begin' | { readonly familyId: string } | 'none'
  readonly now: Date
}

/** Tokens that are made but do not count yet. */
export interface PreparedTokens {
  readonly body: TokenBody
  readonly familyId: string | undefined
  /** The keyed hash of the refresh token in the body. */
  readonly refreshHash: string | undefined
  /** Writes the family that begins, if one does: in the transaction that uses up what the tokens are given for. */
  save(trx: Transaction): Promise<void>
}

/** Recognisable in a leak: a refresh token's last part. */
const PREFIX = 'gh_rt_'

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Three segments, of which the second says who issued it: official clients revoke nothing else. Source: DECISIONS 4 */
const newRefreshToken = ({ issuer, secrets }: Pick<GrantTools, 'issuer' | 'secrets'>): string =>
  `${segment({ typ: 'rt' })}.${segment({ iss: issuer })}.${secrets.newSecret(PREFIX)}`

const familyIdOf = ({ refresh }: Issue): string | undefined =>
  refresh === 'begin' ? newId() : refresh === 'none' ? undefined : refresh.familyId

/** What claims are made of. `organization`: the one that they are about, if any. */
function subjectOf<O>(
  issue: Issue,
  familyId: string | undefined,
  about: { organization: O; market: MarketClaim | undefined },
) {
  const { client, owner, scope, signIn, customClaim, resource, asserted } = issue
  return {
    organization: about.organization,
    market: about.market,
    applicationId: client.applicationId,
    clientId: client.clientId,
    authenticated: client.authenticated,
    secretId: client.secretId,
    lifetimeSeconds: client.lifetimeSeconds,
    scope,
    test: client.test,
    owner,
    customClaim,
    familyId,
    sessionId: signIn?.sessionId,
    authenticatedAt: signIn?.authenticatedAt,
    amr: signIn?.amr,
    resource,
    asserted,
  }
}

/** The claims of a token: of one organization, or of a person in all of theirs.
 *  @throws AppError unauthorized_client when there is neither; invalid_scope for a market that is not there */
function claimsOf(issue: Issue, familyId: string | undefined, tools: GrantTools): AccessClaims | Promise<AccessClaims> {
  const { client, organization, owner, now } = issue
  const { kind, userId = owner?.id } = client
  const issuance = { issuer: tools.issuer, audience: tools.audience, now }
  if (organization === undefined) {
    if ((kind !== 'user' && kind !== 'dashboard') || userId === undefined) throw new AppError('unauthorized_client')
    return userClaims({ ...subjectOf(issue, familyId, { organization, market: undefined }), userId, kind }, issuance)
  }
  if (kind === 'user') throw new AppError('unauthorized_client')
  const made = (market?: MarketClaim): AccessClaims =>
    organizationClaims(kind, subjectOf(issue, familyId, { organization, market }), issuance)
  return tools.markets.claimFor(organization.id, issue.scope)?.then(made) ?? made()
}

const familyOf = ({ client, organization, owner, scope, signIn, ...issue }: Issue, id: string): Family => ({
  id,
  organizationId: organization?.id,
  clientId: client.clientId,
  // A built-in client has no row of its own.
  applicationId: client.organization === undefined ? undefined : client.applicationId,
  userId: owner?.type === 'User' ? owner.id : undefined,
  customerId: owner?.type === 'Customer' ? owner.id : undefined,
  sessionId: signIn?.sessionId,
  scope,
  customClaim: issue.customClaim,
  resource: issue.resource,
  authenticatedAt: signIn?.authenticatedAt,
  amr: signIn?.amr ?? [],
  asserted: issue.asserted ?? false,
})

function idTokenOf({ client, owner, scope, signIn, now }: Issue, accessToken: string, { idToken }: GrantTools) {
  if (idToken === undefined || owner?.type !== 'User' || !wantsIdToken(scope)) return undefined
  const { authenticatedAt, amr = [], sessionId, nonce } = signIn ?? {}
  const facts = { client, userId: owner.id, scope, nonce, authenticatedAt, amr, sessionId, accessToken, now }
  return idToken(facts)
}

/** Makes the tokens of one answer; nothing is written. Sign before a transaction begins: a signature takes longer than it.
 *  Throws `invalid_scope`, `unauthorized_client`. Source: CONTRACT 5.1, 6 */
export async function prepareTokens(issue: Issue, tools: GrantTools): Promise<PreparedTokens> {
  const { owner, refresh, now } = issue
  const familyId = familyIdOf(issue)
  const claims = await claimsOf(issue, familyId, tools)
  const refreshToken = familyId === undefined ? undefined : newRefreshToken(tools)
  const hash = refreshToken === undefined ? undefined : tools.secrets.hash(refreshToken)
  const accessToken = await mintToken(tools.keys, claims, now)
  const body: TokenBody = {
    access_token: accessToken,
    token_type: 'bearer',
    expires_in: claims.exp - claims.iat,
    scope: claims.scope,
    created_at: claims.iat,
    refresh_token: refreshToken,
    owner_id: owner?.id,
    owner_type: owner && (owner.type === 'User' ? 'user' : 'customer'),
    id_token: await idTokenOf(issue, accessToken, tools),
  }
  return {
    body,
    familyId,
    refreshHash: hash,
    save: async (trx) => {
      if (refresh !== 'begin' || familyId === undefined || hash === undefined) return
      await beginFamily(trx, { family: familyOf(issue, familyId), hash, now })
    },
  }
}

/** Makes the tokens of one answer and writes the family that begins with them, where nothing else is used up for them.
 *  `check` throws in that transaction when there must be none. */
export async function issueTokens(
  issue: Issue,
  tools: GrantTools,
  check: (trx: Transaction) => Promise<void> = async () => undefined,
): Promise<TokenBody> {
  const prepared = await prepareTokens(issue, tools)
  if (issue.refresh === 'begin') {
    await asAuth(tools.knex, async (trx) => {
      await prepared.save(trx)
      await check(trx)
    })
  }
  return prepared.body
}
