import type { Context } from '../../access/context.js'
import type { Row } from '../../access/guarded.js'
import type { By } from '../../access/scope.js'
import { AppError } from '../../errors.js'
import type { Outcome } from '../../jsonapi/define.js'
import { credentialToChange } from './guard.js'
import { addSecret } from './issue.js'
import { assertMayTakeKeys } from './reach.js'

/** Days are enough to bring a new secret everywhere: the overlap unless the caller says otherwise. */
const DEFAULT_OVERLAP_SECONDS = 7 * 24 * 3600
/** How many secrets of one application may count at once: the present one, the next, and one for a rotation that overlaps. */
const MAX_LIVE = 3

/** Secrets are rotated by the right to change their application. */
const AS_CHANGER: By = ['update', 'api_credentials']

/** The secrets of an application that still count, oldest first. */
export function liveSecrets(ctx: Context, credential: Row): Promise<Row[]> {
  const where = { organization_id: credential.organization_id, api_credential_id: credential.id }
  return ctx.scope
    .by(AS_CHANGER)
    .from('api_credential_secrets')
    .where(where)
    .where((live) => live.whereNull('retires_at').orWhere('retires_at', '>', ctx.now))
    .orderBy(['created_at', 'id'])
    .select('id', 'retires_at')
}

/** Lets the present secrets go: at once, or at the end of the overlap unless that came sooner anyway. */
async function retire(ctx: Context, secrets: readonly Row[], overlapSeconds: number): Promise<void> {
  const asChanger = ctx.scope.by(AS_CHANGER)
  const end = new Date(ctx.now.getTime() + overlapSeconds * 1000)
  for (const { id, retires_at } of secrets) {
    if (overlapSeconds === 0) await asChanger.remove('api_credential_secrets', id)
    else if (retires_at === null || new Date(String(retires_at)) > end) {
      await asChanger.update('api_credential_secrets', id, { retires_at: end.toISOString() })
    }
  }
}

/** Gives an application a new secret, shown this once; `client_id` stays. The present ones count until the overlap is
 *  over, in seconds; with 0 they and the tokens minted with them are dead at once (DECISIONS 5).
 *  @throws AppError conflict (409) for an application without secrets, or with three that count; forbidden (403) */
export async function rotateSecret(
  ctx: Context,
  { id, overlap_seconds: overlap = DEFAULT_OVERLAP_SECONDS }: { id: string; overlap_seconds?: number },
): Promise<Outcome> {
  // The lock makes rotations of one application take turns.
  const credential = await credentialToChange(ctx, id, 'update')
  await assertMayTakeKeys(ctx, credential)
  const present = await liveSecrets(ctx, credential)
  if (credential.kind === 'webapp' && credential.confidential !== true) {
    throw new AppError('conflict', { detail: 'This application runs in browsers and has no secret to rotate.' })
  }
  if (credential.kind === 'resources') {
    throw new AppError('conflict', { detail: 'This application is built in and has no secret.' })
  }
  if (overlap > 0 && present.length >= MAX_LIVE) {
    throw new AppError('conflict', {
      detail: `${MAX_LIVE} secrets of this application count at present: retire one first, or rotate with overlap_seconds 0.`,
    })
  }
  await retire(ctx, present, overlap)
  return { id, once: { client_secret: await addSecret(ctx, credential, AS_CHANGER) } }
}
