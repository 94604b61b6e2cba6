import type { Context } from '../../access/context.js'
import { AppError } from '../../errors.js'
import type { DeleteInput } from '../../jsonapi/define.js'
import { credentialToChange } from '../api-credentials/guard.js'
import { liveSecrets } from '../api-credentials/rotate-secret.js'

/** Retires a secret now: it is gone, and so are the tokens minted with it. A confidential application keeps at least one;
 *  to be rid of the last, rotate with `overlap_seconds` 0, or disable the application.
 *  @throws AppError conflict (409), forbidden (403) */
export async function retireSecret(ctx: Context, { id }: DeleteInput): Promise<undefined> {
  const secret = await ctx.scope.one('api_credential_secrets', id, 'destroy')
  const credential = await credentialToChange(ctx, String(secret.api_credential_id), 'destroy')
  const others = (await liveSecrets(ctx, credential)).filter((one) => one.id !== id)
  if (credential.confidential === true && others.length === 0) {
    throw new AppError('conflict', {
      detail: 'This is the only secret of the application: rotate it (overlap_seconds 0 retires it at once).',
    })
  }
  await ctx.scope.remove('api_credential_secrets', id)
}
