import { AppError } from '../../errors.js'
import { type AccessClaims, organizationClaims, type Subject, userClaims } from '../../tokens/claims.js'
import { mintToken } from '../../tokens/mint.js'
import type { Client } from '../clients.js'
import { grantScope } from '../scopes.js'
import type { Grant, GrantRequest, GrantTools } from './grant.js'

const scopeOf = ({ client, parameters, subjects }: GrantRequest): string =>
  grantScope(parameters.get('scope'), client, subjects)

const subjectOf = (client: Client, scope: string): Subject => ({
  applicationId: client.applicationId,
  clientId: client.clientId,
  authenticated: client.authenticated,
  ...(client.secretId === undefined ? {} : { secretId: client.secretId }),
  lifetimeSeconds: client.lifetimeSeconds,
  scope,
  test: client.test,
})

async function claimsOf(request: GrantRequest, tools: GrantTools): Promise<AccessClaims> {
  const { client, now } = request
  const subject = subjectOf(client, scopeOf(request))
  const issuance = { issuer: tools.issuer, audience: tools.audience, now }
  if (client.kind === 'user' && client.userId !== undefined) {
    return userClaims({ ...subject, userId: client.userId }, issuance)
  }
  if (client.organization === undefined || client.kind === 'user') throw new AppError('unauthorized_client')
  const market = await tools.markets.claimFor(client.organization.id, subject.scope)
  const organized = { ...subject, market, organization: client.organization }
  return organizationClaims(client.kind, organized, issuance)
}

/** Client credentials: an application gets a token for itself. A sales channel does so with its `client_id` alone, the
 *  named exception of DECISIONS 3. No refresh token. Source: RFC 6749 §4.4 */
export const clientCredentials: Grant = {
  grantType: 'client_credentials',
  kinds: ['sales_channel', 'integration', 'user'],
  parameters: ['scope'],
  checks: [
    (request) => {
      scopeOf(request)
    },
  ],
  issue: async (request, tools) => {
    const claims = await claimsOf(request, tools)
    return {
      access_token: await mintToken(tools.keys, claims, request.now),
      token_type: 'bearer',
      expires_in: claims.exp - claims.iat,
      scope: claims.scope,
      created_at: claims.iat,
    }
  },
}
