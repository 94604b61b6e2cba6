import type { Knex } from 'knex'
import { hashPassword } from '../crypto/passwords.js'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { createOutbox } from '../outbox/enqueue.js'
import { addToHistory } from '../tokens/account-history.js'
import type { Revocations } from '../tokens/revocations.js'
import { endSessions } from '../tokens/session-ends.js'
import type { SecretMaker } from './context.js'
import { endMailedTokens, findMailedToken, keepMailedToken, type Mailbox, useMailedToken } from './mailed-tokens.js'

/** Recognisable in a leak: the token of a mail that leads to a new password. */
const PREFIX = 'gh_reset_'
/** How long it is good, in seconds. */
const LIFE = 3600
const YEAR_MS = 366 * 24 * 3600 * 1000

/** What passwords are kept and changed with. */
export interface PasswordParts {
  readonly knex: Knex
  readonly secrets: SecretMaker
  readonly revocations: Pick<Revocations, 'revoke'>
  readonly bcryptCost: number
}

/** A password that follows the rules (crypto/password-rules), and when and by which request it was chosen. */
export interface NewPassword {
  readonly password: string
  readonly now: Date
  readonly requestId: string
}

interface Kept extends Omit<NewPassword, 'password'> {
  readonly userId: string
  readonly passwordHash: string
  /** The hash that the present password was checked against; undefined when something else was the proof. */
  readonly checked: string | undefined
  /** The session that goes on. */
  readonly except: string | undefined
}

/** Ends what the old password has let in: refresh tokens, codes and devices that wait, every access token about the user,
 *  and what was agreed to, since whoever had that password may have agreed. Source: RFC 9700 §4.14.2; ATTACKS T9 */
async function endWhatItLetIn(trx: Transaction, { revocations }: PasswordParts, { userId, now }: Kept) {
  const ended = { ended_at: now, ended_because: 'password_changed' }
  // Codes first: an exchange that is under way is waited for, and its family is there to be ended.
  await trx('authorization_codes')
    .where({ user_id: userId })
    .update({ used_at: trx.raw('coalesce(used_at, ?)', [now]) })
  await trx('refresh_families').where({ user_id: userId }).whereNull('ended_at').update(ended)
  await trx('device_codes').where({ user_id: userId, status: 'approved' }).update({ status: 'denied' })
  await trx('consents').where({ user_id: userId }).delete()
  const expiresAt = new Date(now.getTime() + YEAR_MS)
  await revocations.revoke(trx, { topic: `user:${userId}`, now, expiresAt })
}

async function keep(trx: Transaction, parts: PasswordParts, kept: Kept): Promise<string | undefined> {
  const { userId, passwordHash, checked, except, now, requestId } = kept
  const before = await trx('users').where({ id: userId }).whereNull('disabled_at').forUpdate().first()
  // One that was chosen since the check stays: whoever had the old one shall not have the last word (T9).
  if (before === undefined || (checked !== undefined && before.password_hash !== checked)) return undefined
  // A wish for another address ends too: whoever had the old password may have made it, to come back by it (C6).
  const wish = { unconfirmed_email: null, email_token_hash: null, email_token_expires_at: null }
  await trx('users')
    .where({ id: userId })
    .update({ password_hash: passwordHash, password_changed_at: now, updated_at: now, ...wish })
  await endSessions(trx, { userId, except, now })
  await endWhatItLetIn(trx, parts, kept)
  await endMailedTokens(trx, { purpose: 'password_reset', userId, now })
  const changes = { password_changed_at: [before.password_changed_at, now] } as const
  await addToHistory(trx, { userId, changes, now, requestId })
  const email = String(before.email)
  await createOutbox(trx, parts.secrets, now).enqueue({ kind: 'password_changed', email, at: now.toISOString() })
  return email
}

/** Changes the password of an account: all sessions but `except` end, with every refresh and access token of the person, and
 *  a mail says so. The hash is made first, outside the transaction.
 *  @returns false when there is no such enabled account, or it has another password than the one that was checked.  Errors: `too_many` (crypto/passwords) */
export async function changePassword(
  parts: PasswordParts,
  change: NewPassword & { userId: string; checked: string; except?: string | undefined },
): Promise<boolean> {
  const { password, ...rest } = change
  const passwordHash = await hashPassword(password, parts.bcryptCost)
  const email = await asAuth(parts.knex, (trx) => keep(trx, parts, { except: undefined, ...rest, passwordHash }))
  return email !== undefined
}

/** Mails the way to a new password to an address that has an account; to any other nothing, which takes as long.
 *  @param email as access/addresses has it */
export async function askForPassword(
  { knex, secrets }: PasswordParts,
  { email, now }: { email: string; now: Date },
): Promise<void> {
  const token = secrets.newSecret(PREFIX)
  await asAuth(knex, async (trx) => {
    const user: { id: string } | undefined = await trx('users')
      .where({ email })
      .whereNull('disabled_at')
      .whereNotNull('email_verified_at')
      .first('id')
    // Of several mails the newest is good; where there is no account, nobody has the id ''.
    await endMailedTokens(trx, { purpose: 'password_reset', userId: user?.id ?? '', now })
    const expiresAt = await keepMailedToken(trx, {
      purpose: 'password_reset',
      tokenHash: secrets.hash(token),
      email,
      userId: user?.id ?? null,
      lifeSeconds: LIFE,
      pretended: user === undefined,
      now,
    })
    const outbox = createOutbox(trx, secrets, now)
    const message = { kind: 'password_reset', email, token, expiresAt: expiresAt.toISOString() } as const
    await (user === undefined ? outbox.pretend(message) : outbox.enqueue(message))
  })
}

/** Whose new password a mailed token is for; undefined when it is not good (any more). */
export function readPasswordReset(
  { knex, secrets }: PasswordParts,
  { token, now }: { token: string; now: Date },
): Promise<Mailbox | undefined> {
  return findMailedToken(knex, { purpose: 'password_reset', tokenHash: secrets.hash(token), now })
}

/** Sets the password of whoever holds the token of a mail, once; all sessions and tokens of the person end. Signs nobody in.
 *  @returns the address; undefined for a token that is not good, or when the account has another address by now */
export async function resetPassword(
  parts: PasswordParts,
  { token, password, now, requestId }: NewPassword & { token: string },
): Promise<string | undefined> {
  const passwordHash = await hashPassword(password, parts.bcryptCost)
  const tokenHash = parts.secrets.hash(token)
  return asAuth(parts.knex, async (trx) => {
    const mailbox = await useMailedToken(trx, { purpose: 'password_reset', tokenHash, now })
    if (mailbox === undefined || mailbox.userId === null) return undefined
    const same = await trx('users').where({ id: mailbox.userId, email: mailbox.email }).first('id')
    if (same === undefined) return undefined
    const changed = { userId: mailbox.userId, passwordHash, checked: undefined, except: undefined }
    return keep(trx, parts, { ...changed, now, requestId })
  })
}
