import type { Context } from '../../access/context.js'
import { LONGEST_PASSWORD, type PasswordFault, passwordFault, SHORTEST_PASSWORD } from '../../crypto/password-rules.js'
import { hashPassword } from '../../crypto/passwords.js'
import { AppError, violation } from '../../errors.js'

const TITLES: Readonly<Record<PasswordFault, string>> = {
  too_short: `is too short (minimum is ${SHORTEST_PASSWORD} characters)`,
  too_long: `is too long (maximum is ${LONGEST_PASSWORD} characters)`,
  too_common: 'is too common: it is one of those that are tried first',
  own_address: 'must not be the address',
}

const refused = (fault: PasswordFault): AppError =>
  new AppError('invalid', {
    issues: [violation({ name: 'password', title: TITLES[fault], error: fault })],
  })

/** The columns of a password, as it is kept; nothing where none was sent, null where it is taken away. The time tells the
 *  database that it is another one, and not its hash made anew (oauth/owners). The hash is made
 *  inside the transaction: some fifty milliseconds, in which a connection waits. Only administrators set passwords here,
 *  so that is rare; signing in is elsewhere and holds none.
 *  @throws AppError invalid for a password that nobody should have (crypto/password-rules) */
export async function passwordColumns(
  ctx: Context,
  { password, email }: { password?: string | null | undefined; email?: string | undefined },
): Promise<{ password_hash?: string | null; password_changed_at?: Date }> {
  if (password === undefined) return {}
  const password_changed_at = ctx.now
  if (password === null) return { password_hash: null, password_changed_at }
  const fault = await passwordFault(password, email)
  if (fault !== undefined) throw refused(fault)
  return { password_hash: await hashPassword(password, ctx.settings.bcryptCost), password_changed_at }
}
