import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import type { DeleteInput } from '../../jsonapi/define.js'
import { credentialToChange } from './guard.js'

/** Deletes an application with its secrets and with the application memberships that opened it; the database ends its tokens in the same transaction. */
export async function removeCredential(ctx: Context, { id }: DeleteInput): Promise<undefined> {
  await credentialToChange(ctx, id, 'destroy')
  const asRemover = ctx.scope.by(['destroy', 'api_credentials'])
  const opened: Row[] = await asRemover.from('application_memberships').where({ api_credential_id: id }).select('id')
  for (const one of opened) await asRemover.remove('application_memberships', one.id)
  await ctx.scope.remove('api_credentials', id)
}
