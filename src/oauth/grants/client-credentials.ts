import { grantScope } from '../scopes.js'
import type { Grant, GrantRequest } from './grant.js'
import { issueTokens } from './issue.js'

const scopeOf = ({ client, parameters, subjects }: GrantRequest): string =>
  grantScope(parameters.get('scope'), client, subjects)

/** Client credentials: an application gets a token for itself. A sales channel does so with its `client_id` alone, the
 *  named exception of DECISIONS 3. No refresh token. Source: RFC 6749 §4.4 */
export const clientCredentials: Grant = {
  grantType: 'client_credentials',
  kinds: ['sales_channel', 'integration', 'user'],
  parameters: ['scope'],
  // What is asked for is judged where the token is made: nothing else is done before.
  checks: [],
  issue: (request, tools) => {
    const { client, now } = request
    return issueTokens(
      { client, organization: client.organization, scope: scopeOf(request), refresh: 'none', now },
      tools,
    )
  },
}
