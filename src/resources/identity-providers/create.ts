import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { homeOf, unproven } from './domains.js'

interface Input {
  domains: string
  client_secret: string
  owner_organization?: string | null
}

/** Creates an identity provider of an organization that the caller owns. Its domains are checked in the background; until
 *  they are proven nobody is signed in by it.
 *  @throws AppError invalid (422) when the organization is not clear, taken (409) for a name that anybody has */
export async function createProvider(ctx: Context, input: Input): Promise<Outcome> {
  const { owner_organization, client_secret, domains, ...attributes } = input
  const organization = homeOf(ctx, owner_organization)
  const { id } = await ctx.scope.insert('identity_providers', {
    organization: null,
    ...attributes,
    ...unproven(ctx, organization, domains),
    client_secret_sealed: ctx.secrets.seal(client_secret),
    organization_id: organization,
    user_id: ctx.principal.userId,
  })
  return { id }
}
