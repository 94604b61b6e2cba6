import type { Context } from '../../access/context.js'
import { assertWithinTests, credentialToChange } from './guard.js'

/** Switches a credential off; the database ends its tokens in the same transaction. Twice is once. */
export async function disableCredential(ctx: Context, id: string): Promise<void> {
  const { disabled_at } = await credentialToChange(ctx, id, 'update')
  if (disabled_at === null) await ctx.scope.update('api_credentials', id, { disabled_at: ctx.now.toISOString() })
}

/** Switches a credential on again; the tokens that died stay dead. */
export async function enableCredential(ctx: Context, id: string): Promise<void> {
  assertWithinTests(ctx, await credentialToChange(ctx, id, 'update'))
  await ctx.scope.update('api_credentials', id, { disabled_at: null })
}
