import type { Context } from '../../access/context.js'
import { AppError, violation } from '../../errors.js'
import type { DeleteInput } from '../../jsonapi/define.js'

/** Deletes an organization softly: it is gone from every answer and its tokens are dead at once. `confirm` must be its
 *  slug, so that no script does this by mistake (DECISIONS 6). */
export async function removeOrganization(ctx: Context, { id, meta }: DeleteInput): Promise<undefined> {
  const organization = await ctx.scope.lock('organizations', id, 'destroy')
  if (meta.confirm !== organization.slug) {
    const source = { pointer: '/meta/confirm' }
    const title = `must be the slug of the organization ("${String(organization.slug)}")`
    throw new AppError('invalid', { issues: [violation({ name: 'confirm', title, error: 'confirmation', source })] })
  }
  await ctx.scope.by(['own', 'organizations']).update('organizations', id, { deleted_at: ctx.now.toISOString() })
}
