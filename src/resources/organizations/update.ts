import type { Context } from '../../access/context.js'
import { AppError, atAttribute, violation } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { isReserved } from './slug.js'

interface Input {
  id: string
  changes: { slug?: string }
}

/** Gives an organization another slug, and with it another host: an admin's decision. The old one stays its own.
 *  @throws AppError forbidden; invalid for a reserved word; taken when another organization ever had it */
async function rename(ctx: Context, id: string, slug: string): Promise<void> {
  if (!ctx.abilities.holds(id, { kind: 'admin', permissions: {} })) {
    throw new AppError('forbidden', { detail: 'Only an admin may change the slug.', source: atAttribute('slug') })
  }
  if (isReserved(slug)) {
    throw new AppError('invalid', { issues: [violation({ name: 'slug', title: 'is reserved', error: 'exclusion' })] })
  }
  if (await ctx.platform.claimSlug(slug, id)) return
  const detail = 'slug - has already been taken'
  throw new AppError('taken', { detail, meta: { error: 'taken' }, source: atAttribute('slug') })
}

/** Changes an organization. Tokens that carry its old slug do so until they expire.
 *  @throws AppError forbidden (403), invalid (422), taken (409) */
export async function updateOrganization(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const organization = await ctx.scope.lock('organizations', id, 'update')
  const { slug } = changes
  if (slug !== undefined && slug !== organization.slug) await rename(ctx, id, slug)
  await ctx.scope.update('organizations', id, changes)
  return { id }
}
