import type { Context } from '../../access/context.js'
import type { Outcome } from '../../jsonapi/define.js'
import { passwordColumns } from './password.js'

interface Input {
  id: string
  changes: { email?: string; password?: string | null }
}

/** Changes a shopper. A new password ends the tokens that the old one got. */
export async function updateCustomer(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { password, ...attributes } = changes
  const row = await ctx.scope.one('customers', id, 'update')
  const email = changes.email ?? String(row.email)
  await ctx.scope.update('customers', id, { ...attributes, ...(await passwordColumns(ctx, { password, email })) })
  return { id }
}
