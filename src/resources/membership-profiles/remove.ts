import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError, violation } from '../../errors.js'
import { ID_PATTERN } from '../../ids.js'
import type { DeleteInput } from '../../jsonapi/define.js'
import { assertHoldsProfile } from '../application-memberships/rank.js'
import { assertMayGiveHolders, assertMayTouchHoldersOf, profileToChange } from './guard.js'

const POINTER = { pointer: '/meta/reassign_to' }

const refuse = (title: string): AppError =>
  new AppError('invalid', {
    issues: [violation({ name: 'reassign_to', title, error: 'invalid', source: POINTER })],
  })

async function replacementOf(ctx: Context, profile: Row, wanted: unknown): Promise<string | undefined> {
  if (wanted === undefined) return undefined
  if (typeof wanted !== 'string' || !ID_PATTERN.test(wanted)) throw refuse('must be the id of a membership profile')
  const replacement = await ctx.scope.one('membership_profiles', wanted)
  const fits = replacement.organization_id === profile.organization_id && replacement.id !== profile.id
  if (!fits) throw refuse('must be another membership profile of the same organization')
  await assertHoldsProfile(ctx, wanted, POINTER)
  await assertMayGiveHolders(ctx, profile, { access_scope: String(replacement.access_scope), at: POINTER })
  return wanted
}

/** Ends what only the profile held; what a seat holds too stays with the seat. */
async function emptyProfile(ctx: Context, id: string): Promise<void> {
  const byProfile = ctx.scope.by(['destroy', 'membership_profiles'])
  const bundle: Row[] = await byProfile.from('application_memberships').where({ membership_profile_id: id })
  for (const row of bundle) {
    if (row.membership_id === null) await byProfile.remove('application_memberships', row.id)
    else await byProfile.update('application_memberships', row.id, { membership_profile_id: null })
  }
}

/** Deletes a profile with what it bundles. While seats have it, it is locked, unless `reassign_to` names another.
 *  @returns how many seats were moved
 *  @throws AppError locked (423), invalid, forbidden */
export async function removeProfile(
  ctx: Context,
  { id, meta }: DeleteInput,
): Promise<Record<string, unknown> | undefined> {
  const profile = await profileToChange(ctx, id, 'destroy')
  await assertMayTouchHoldersOf(ctx, profile)
  const replacement = await replacementOf(ctx, profile, meta.reassign_to)
  const where = { membership_profile_id: id, organization_id: profile.organization_id }
  const seats: Row[] = await ctx.scope.from('memberships').where(where).select('id')
  if (seats.length > 0 && replacement === undefined) {
    const detail = `The profile is in use (${seats.length} memberships): name another with "reassign_to".`
    throw new AppError('locked', { detail, meta: { error: 'in_use', memberships: seats.length } })
  }
  for (const { id: seat } of seats) {
    await ctx.scope.update('memberships', seat, { membership_profile_id: replacement })
  }
  await emptyProfile(ctx, id)
  await ctx.scope.remove('membership_profiles', id)
  return replacement === undefined ? undefined : { reassigned: { memberships: seats.length } }
}
