import type { Context } from '../../access/context.js'
import { AppError } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'

interface Input {
  id: string
  changes: { email?: string }
}

/** Recognisable in a leak: the token that proves a mailbox. */
const PREFIX = 'gh_email_'
/** A day, in milliseconds. */
const TOKEN_LIFE = 24 * 3600 * 1000

/** A wish for another address, and the mail that asks its mailbox. The answer is the same whether or not somebody has an
 *  account there: only the mailbox is told. So is the one that the account has: whoever holds a stolen credential could take
 *  the account, and a new password takes the wish back. */
async function wish(
  ctx: Context,
  { email, before }: { email: string; before: string },
): Promise<Record<string, unknown>> {
  await ctx.limits.take('mail', email)
  await ctx.limits.take('mail', before)
  const token = ctx.secrets.newSecret(PREFIX)
  const expiresAt = new Date(ctx.now.getTime() + TOKEN_LIFE).toISOString()
  await ctx.outbox.enqueue({ kind: 'email_change', email, token, expiresAt })
  const at = ctx.now.toISOString()
  await ctx.outbox.enqueue({ kind: 'account_changed', email: before, change: 'address_wish', at })
  return { unconfirmed_email: email, email_token_hash: ctx.secrets.hash(token), email_token_expires_at: expiresAt }
}

/** Changes the caller's own user. A new address counts nowhere until its mailbox has answered (confirm-email.ts): else
 *  anybody could pass for its owner, in a transfer of ownership for instance. */
export async function updateUser(ctx: Context, { id, changes }: Input): Promise<Outcome> {
  const { email, ...attributes } = changes
  const row = await ctx.scope.lock('user', id, 'update')
  // Whoever has the address has the account: an application that somebody lent their rights must not take it, in whichever
  // organizations it acts; the console is one too. The account page acts as the personal credential (access/profiles).
  if (email !== undefined && email !== row.email && ctx.principal.kind !== 'user') {
    throw new AppError('forbidden', {
      detail:
        'An application may not change the address of its user. Change it on the account page, or with your own API credential.',
    })
  }
  const withdrawn = { unconfirmed_email: null, email_token_hash: null, email_token_expires_at: null }
  const address =
    email === undefined ? {} : email === row.email ? withdrawn : await wish(ctx, { email, before: String(row.email) })
  await ctx.scope.update('user', id, { ...attributes, ...address })
  return { id }
}
