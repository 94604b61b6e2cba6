import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { domainsOf, unproven } from './domains.js'

interface Input {
  id: string
  changes: { domains?: string; client_secret?: string }
}

/** Changes an identity provider. Other domains have another TXT record and must be proven anew. */
export async function updateProvider(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { client_secret: secret, domains, ...attributes } = changes
  const row = await ctx.scope.lock('identity_providers', id, 'update')
  const others = domains !== undefined && domainsOf(domains).join(',') !== row.domains
  await ctx.scope.update('identity_providers', id, {
    ...attributes,
    ...(others ? unproven(ctx, String(row.organization_id), domains) : {}),
    ...(secret === undefined ? {} : { client_secret_sealed: ctx.secrets.seal(secret) }),
  })
  return { id }
}
