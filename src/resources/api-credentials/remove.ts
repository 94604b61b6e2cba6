import type { Context } from '../../access/context.js'
import type { DeleteInput } from '../../jsonapi/define.js'
import { credentialToChange } from './guard.js'

/** Deletes an application with its secrets; the database ends its tokens in the same transaction. */
export async function removeCredential(ctx: Context, { id }: DeleteInput): Promise<undefined> {
  await credentialToChange(ctx, id, 'destroy')
  await ctx.scope.remove('api_credentials', id)
}
