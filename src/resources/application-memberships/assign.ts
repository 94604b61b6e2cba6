import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError, atRelationship, violation } from '../../errors.js'
import { assertHolds } from '../roles/rank.js'

/** The two that can hold an application membership, and the column that names each. */
type HolderColumn = 'membership_id' | 'membership_profile_id'

const OTHER: Readonly<Record<HolderColumn, HolderColumn>> = {
  membership_id: 'membership_profile_id',
  membership_profile_id: 'membership_id',
}

interface Holder {
  readonly column: HolderColumn
  readonly id: string
}

async function take(ctx: Context, row: Row, { column, id }: Holder): Promise<void> {
  if (row[column] !== null && row[column] !== id) {
    const title = 'belongs to another holder: delete it there, or make a new one'
    const source = atRelationship('application_memberships')
    const issue = violation({ name: 'application_memberships', title, error: 'invalid', source })
    throw new AppError('invalid', { issues: [issue] })
  }
  await assertHolds(ctx, String(row.role_id))
  await ctx.scope.update('application_memberships', row.id, { [column]: id })
}

/** What nobody holds any more opens nothing to anybody: it is deleted. */
async function letGo(ctx: Context, row: Row, { column }: Holder): Promise<void> {
  await assertHolds(ctx, String(row.role_id))
  if (row[OTHER[column]] === null) await ctx.scope.remove('application_memberships', row.id)
  else await ctx.scope.update('application_memberships', row.id, { [column]: null })
}

/** Makes a seat or a profile hold exactly these application memberships. One that is left out is let go, and deleted if
 *  nothing else holds it.
 *  @returns what it held and what it holds now, if that is a difference
 *  @throws AppError invalid (422) for one that another holds, forbidden (403) */
export async function holdExactly(
  ctx: Context,
  holder: Holder,
  wanted: readonly string[],
): Promise<[before: string[], after: string[]] | undefined> {
  const held: Row[] = await ctx.scope.from('application_memberships').where({ [holder.column]: holder.id })
  const before = held.map(({ id }) => id)
  for (const row of held) if (!wanted.includes(row.id)) await letGo(ctx, row, holder)
  const added = wanted.filter((id) => !before.includes(id))
  for (const id of added) await take(ctx, await ctx.scope.lock('application_memberships', id, 'update'), holder)
  if (added.length === 0 && before.length === wanted.length) return undefined
  return [before.sort(), [...wanted].sort()]
}
