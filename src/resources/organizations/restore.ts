import type { Context } from '../../access/context.js'
import { AppError, recordNotFound } from '../../errors.js'

/** Brings back an organization within thirty days of its deletion, for its owner. Nothing of a deleted organization can
 *  be seen, so that the door has no row to show here: the database does this one thing in a function of its own, which
 *  asks for the owner's seat (migrations/…_restore). Tokens that died at the deletion stay dead.
 *  @throws AppError not_found: one answer for what never was, is not deleted, is purged, or is another's */
export async function restoreOrganization(ctx: Context, { id }: { id: string }): Promise<void> {
  // Bringing one back is as much as founding one.
  if (!ctx.abilities.mayFound()) {
    throw new AppError('forbidden', { detail: 'Only a person may restore an organization.' })
  }
  if (!(await ctx.platform.restoreOrganization(id))) throw recordNotFound()
}
