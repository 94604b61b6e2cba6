import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'

/** What a mailed token proves its mailbox for. One for one purpose is nothing for another (ATTACKS C11). */
export type MailedPurpose = 'sign_up' | 'password_reset'

/** A token that came back, by its keyed hash. */
export interface Returned {
  readonly purpose: MailedPurpose
  readonly tokenHash: string
  readonly now: Date
}

/** Whose mailbox has answered. */
export interface Mailbox {
  readonly email: string
  /** Whose account it was about when the mail was written; null where there was none. */
  readonly userId: string | null
}

/** A token that is about to be mailed. */
export interface NewMailedToken extends Returned, Mailbox {
  readonly lifeSeconds: number
  /** No use from the start: written only so that it takes as long as another. */
  readonly pretended: boolean
}

/** Writes down a token, in the caller's transaction.
 *  @returns when it expires */
export async function keepMailedToken(trx: Transaction, token: NewMailedToken): Promise<Date> {
  const { purpose, tokenHash, email, userId, lifeSeconds, pretended, now } = token
  const expiresAt = new Date(now.getTime() + lifeSeconds * 1000)
  await trx('mailed_tokens').insert({
    hash: tokenHash,
    purpose,
    email,
    user_id: userId,
    expires_at: expiresAt,
    used_at: pretended ? now : null,
    created_at: now,
  })
  return expiresAt
}

/** Makes what was mailed for a purpose to the mailbox of an account of no use any more. */
export async function endMailedTokens(
  trx: Transaction,
  { purpose, userId, now }: { purpose: MailedPurpose; userId: string; now: Date },
): Promise<void> {
  await trx('mailed_tokens').where({ purpose, user_id: userId }).whereNull('used_at').update({ used_at: now })
}

/** The mailbox behind a token that is good; undefined when it is unknown, used, expired or of another purpose. Uses nothing
 *  up: mail scanners open links. */
export function findMailedToken(knex: Knex, { purpose, tokenHash, now }: Returned): Promise<Mailbox | undefined> {
  return asAuth(knex, (trx) =>
    trx('mailed_tokens')
      .where({ hash: tokenHash, purpose })
      .whereNull('used_at')
      .where('expires_at', '>', now)
      .first('email', { userId: 'user_id' }),
  )
}

/** Uses a token up, in the transaction of what it is for: one statement, so that of twenty at once one wins.
 *  @returns as findMailedToken */
export async function useMailedToken(
  trx: Transaction,
  { purpose, tokenHash, now }: Returned,
): Promise<Mailbox | undefined> {
  const [used] = await trx('mailed_tokens')
    .where({ hash: tokenHash, purpose })
    .whereNull('used_at')
    .where('expires_at', '>', now)
    .update({ used_at: now })
    .returning(['email', 'user_id as userId'])
  return used
}
