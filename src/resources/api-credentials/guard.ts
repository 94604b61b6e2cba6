import { isInPerson } from '../../access/abilities.js'
import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import { AppError, atAttribute } from '../../errors.js'
import { assertHolds } from '../roles/rank.js'

/** Refuses a webapp to all but full admins: it acts as whoever signs in to it, so that pointing it elsewhere is worth an
 *  admin's seat.
 *  @throws AppError forbidden */
export function assertMayMakeWebapp(ctx: Context, organization: string): void {
  if (ctx.abilities.holds(organization, { kind: 'admin', permissions: {} })) return
  throw new AppError('forbidden', { detail: 'A webapp acts as whoever signs in: only an admin may make or change it.' })
}

const SEAT_FOR_TESTS =
  'Your own seat, or application, opens the test mode only, so you may not make a live application.'
const TOKEN_FOR_TESTS =
  'Your token is one of the test mode, which makes test applications only: send mode "test" or none, or use the token of ' +
  'a live application or of your personal credential.'

/** Refuses a live application to a seat that opens the test mode only, and to a token of the test mode: the door would
 *  refuse that too, and not say why. What it says is of the caller, so that it tells nothing of any row.
 *  @throws AppError forbidden */
export function assertMayMakeLive(ctx: Context, organization: string): void {
  const isSeatForTests = isForTests(ctx, organization)
  if (!isSeatForTests && !ctx.principal.test) return
  const detail = isSeatForTests ? SEAT_FOR_TESTS : TOKEN_FOR_TESTS
  throw new AppError('forbidden', { detail, source: atAttribute('mode') })
}

/** Whether the caller's seat opens the test mode only, or their application was made from such a seat. */
export const isForTests = (ctx: Context, organization: string): boolean =>
  ctx.abilities.grantIn(organization)?.testOnly === true

/** Refuses to them the change of what could do more than they: of a live application, and of one that was made from another
 *  seat and acts for itself or for who signs in. To switch off and to delete stays: a secret may have leaked.
 *  @throws AppError forbidden */
export function assertWithinTests(ctx: Context, { organization_id, mode, kind, test_only }: Row): void {
  if (!isForTests(ctx, String(organization_id))) return
  if (mode === 'test' && (test_only === true || kind === 'sales_channel')) return
  const detail =
    'Your own seat, or application, opens the test mode only, so you may not change a live application, nor one that ' +
    'somebody with more has made: make your own, or ask them. You may switch it off or delete it.'
  throw new AppError('forbidden', { detail })
}

/** The credential, locked, if the caller stands high enough to change it: no lower than the role that it carries.
 *  @throws AppError not_found, forbidden */
export async function credentialToChange(ctx: Context, id: string, action: 'update' | 'destroy'): Promise<Row> {
  const credential = await ctx.scope.lock('api_credentials', id, action)
  if (credential.role_id !== null) await assertHolds(ctx, String(credential.role_id))
  if (credential.kind === 'webapp') assertMayMakeWebapp(ctx, String(credential.organization_id))
  return credential
}

/** The caller's own row, where it is an application that acts for itself. */
export async function ownApplication(ctx: Context): Promise<Row | undefined> {
  const { organizationId, applicationId } = ctx.principal
  if (organizationId === undefined || isInPerson(ctx.principal)) return undefined
  // By the right to see one's own face: the caller may lack that to read credentials.
  return ctx.scope.by(['read', 'application']).one('api_credentials', applicationId)
}

/** The end of a credential that this caller makes or changes: an application that ends one day makes nothing that
 *  outlives it.
 *  @returns `wanted`, or the caller's own end where none was wanted
 *  @throws AppError forbidden when `wanted` is later */
export async function lifetimeWithin(ctx: Context, wanted: string | null): Promise<string | null> {
  const own = await ownApplication(ctx)
  if (own === undefined) return wanted
  const end = own.expires_at as string | null
  if (end === null || (wanted !== null && Date.parse(wanted) <= Date.parse(end))) return wanted
  if (wanted === null) return end
  const detail = `Your own credential ends at ${end}: what you make cannot live longer.`
  throw new AppError('forbidden', { detail, source: atAttribute('expires_at') })
}
