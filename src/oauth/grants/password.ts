import { inLine } from '../../crypto/passwords.js'
import { AppError } from '../../errors.js'
import { canonical } from '../owners.js'
import { grantScope } from '../scopes.js'
import type { Grant, GrantRequest, GrantTools } from './grant.js'
import { issueTokens } from './issue.js'

/** One text whether the shopper is unknown, disabled, without a password, or the password is wrong (ATTACKS S3). */
const refusal = (): AppError => new AppError('invalid_grant', { detail: 'The username or the password is wrong.' })

const LONGEST_NAME = 320

/** The shopper of this request. Tries are counted before they are made, for the account, whether or not it exists, from
 *  the address they come from and, at more, from all; and for the address. Who is right is not counted.
 *  @throws AppError malformed, invalid_grant, too_many */
async function shopperFor({ client, parameters, limits }: GrantRequest, { owners }: GrantTools) {
  const [email, password] = [parameters.get('username'), parameters.get('password')]
  if (email === undefined) throw new AppError('malformed', { detail: 'The parameter username is missing.' })
  if (password === undefined) throw new AppError('malformed', { detail: 'The parameter password is missing.' })
  if (client.organization === undefined) throw new AppError('unauthorized_client')
  const organizationId = client.organization.id
  // Cut last: whatever stands around an address is no part of the account, and nobody's address is longer.
  const stranger = [organizationId, canonical(email).slice(0, LONGEST_NAME)]
  const account = [...stranger, limits?.network ?? '']
  await limits?.limits.check('sign_in_address', limits.network)
  await limits?.limits.take('sign_in_account', account)
  await limits?.limits.take('sign_in_address', limits.network)
  await limits?.limits.take('sign_in_stranger', stranger)
  const shopper = await owners.customerWithPassword({ organizationId, email, password })
  if (shopper === undefined) throw refusal()
  await limits?.limits.giveBack('sign_in_account', account)
  await limits?.limits.giveBack('sign_in_address', limits.network)
  await limits?.limits.giveBack('sign_in_stranger', stranger)
  return { ...shopper, organizationId }
}

/** Password: a shopper signs in to a sales channel of their shop. It exists for nobody else. Source: RFC 6749 §4.3;
 *  DECISIONS 3 */
export const password: Grant = {
  grantType: 'password',
  kinds: ['sales_channel'],
  parameters: ['username', 'password', 'scope'],
  checks: [],
  issue: async (request, tools) => {
    const { client, parameters, subjects, now } = request
    const scope = grantScope(parameters.get('scope'), client, subjects)
    const shopper = await inLine(() => shopperFor(request, tools))
    const signIn = { authenticatedAt: now, amr: ['pwd'], sessionId: undefined }
    const owner = { id: shopper.id, type: 'Customer' } as const
    return issueTokens(
      { client, organization: client.organization, owner, scope, signIn, refresh: 'begin', now },
      tools,
      async (trx) => {
        if (!(await tools.owners.customerHolds(trx, shopper))) throw refusal()
      },
    )
  },
}
