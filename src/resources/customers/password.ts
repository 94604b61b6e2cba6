import type { Context } from '../../access/context.js'
import { hashPassword } from '../../crypto/passwords.js'

/** The column of a password, as it is kept; nothing where none was sent, null where it is taken away. The hash is made
 *  inside the transaction: some fifty milliseconds, in which a connection waits. Only administrators set passwords here,
 *  so that is rare; signing in is elsewhere and holds none. */
export async function passwordColumn(
  ctx: Context,
  password: string | null | undefined,
): Promise<{ password_hash?: string | null }> {
  if (password === undefined) return {}
  return { password_hash: password === null ? null : await hashPassword(password, ctx.settings.bcryptCost) }
}
