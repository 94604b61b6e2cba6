import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError, atAttribute } from '../../errors.js'
import { isBound, isInBounds, isRegistered, itemsOf, targetOf } from '../../tokens/registered-scopes.js'
import { namedIn, type TargetKind } from '../../tokens/scope-targets.js'
import { assertWithinTests, lifetimeWithin, ownApplication } from './guard.js'

/** Where the rows stand that a scope item names. */
const SUBJECTS: Readonly<Record<TargetKind, string>> = {
  market: 'markets',
  store: 'stores',
  stock_location: 'stock_locations',
}

interface Wanted {
  readonly kind: string
  readonly items: readonly string[]
}

/** Of what an application asks for, the items that point at what these do not. */
const beyond = (items: readonly string[], of: readonly string[]): string[] =>
  items.filter((item) => {
    const target = targetOf(item)
    return target !== undefined && !isRegistered(item, target, of)
  })

/** What is more than the caller, an application, is registered for, or more than its token points at where that points at
 *  anything. Of provisioning rights a sales channel has none, whatever it is registered for. */
async function beyondApplication(ctx: Context, { kind, items }: Wanted): Promise<string[]> {
  const own = await ownApplication(ctx)
  if (own === undefined) return []
  const of = itemsOf(String(own.scopes))
  const pointing = ctx.principal.scope.filter((item) => targetOf(item) !== undefined)
  const far = [...beyond(items, of), ...(pointing.length === 0 ? [] : beyond(items, pointing))]
  // Where nothing is said of planes and rights, tokens may have them all.
  const inBounds = kind === 'sales_channel' || !isBound(of) || (isBound(items) && isInBounds(items, of))
  return inBounds ? far : [...items]
}

/** What is more than the rows that the caller's filters leave. */
async function beyondFilters(ctx: Context, organization: string, { items }: Wanted): Promise<string[]> {
  if (ctx.abilities.grantIn(organization)?.filters === undefined) return []
  const far: string[] = []
  for (const item of items) {
    const target = targetOf(item)
    if (target === undefined) continue
    const { ids, codes } = namedIn([item], target)
    const seen = ctx.scope.from(SUBJECTS[target]).where({ organization_id: organization })
    const found = await seen.where((row) => row.whereIn('id', [...ids]).orWhereIn('code', [...codes])).first('id')
    if (found === undefined) far.push(item)
  }
  return far
}

/** Refuses registered scopes that reach further than the caller: than what an application is registered for itself, or than
 *  the rows that a member sees. Others have no such bound.
 *  @throws AppError forbidden */
export async function assertScopesWithin(
  ctx: Context,
  { organization_id, kind }: Record<string, unknown>,
  scopes: string,
): Promise<void> {
  const wanted = { kind: String(kind), items: itemsOf(scopes) }
  const far = [
    ...(await beyondApplication(ctx, wanted)),
    ...(await beyondFilters(ctx, String(organization_id), wanted)),
  ]
  if (far.length === 0) return
  const which = [...new Set(far)].join(' ')
  const detail =
    `These scopes (${which}) reach further than your own, which name what they are for: markets, stores, planes, rights. ` +
    'Name what you are registered for, or see, yourself.'
  throw new AppError('forbidden', { detail, source: atAttribute('scopes') })
}

/** Refuses what would put an application into the caller's hands that reaches further than they, or for longer: its keys,
 *  and where its sign-ins return to.
 *  @throws AppError forbidden */
export async function assertMayTakeKeys(ctx: Context, credential: Row): Promise<void> {
  assertWithinTests(ctx, credential)
  await assertScopesWithin(ctx, credential, String(credential.scopes))
  const end = credential.expires_at as string | null
  if ((await lifetimeWithin(ctx, end)) === end) return
  const detail = 'Your own credential ends one day and this application does not: give it an end first (expires_at).'
  throw new AppError('forbidden', { detail })
}
