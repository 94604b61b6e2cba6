import type { Secrets } from '../../crypto/secrets.js'
import { AppError } from '../../errors.js'

/** An authorization request on its way through sign-in and consent: as it was sent, to be checked again at every step. */
export interface Pending {
  readonly parameters: ReadonlyMap<string, string>
  /** Whether the client has pushed it. */
  readonly pushed: boolean
  /** When it was made, in milliseconds: what `prompt=login` asks for must come after it. */
  readonly askedAt: number
}

const PURPOSE = 'authorize'
const LIFE_MS = 30 * 60_000

const stale = (): AppError =>
  new AppError('malformed', {
    detail: 'This sign-in was begun in another browser or too long ago. Go back to the application and start again.',
  })

/** Seals a request for the browser that began it. Nothing of it is kept here. Source: ATTACKS R6 */
export function sealPending(secrets: Pick<Secrets, 'seal'>, pending: Pending, browserId: string): string {
  const { parameters, pushed, askedAt } = pending
  return secrets.seal(JSON.stringify({ purpose: PURPOSE, browserId, parameters: [...parameters], pushed, askedAt }))
}

interface Opened {
  purpose?: unknown
  browserId?: unknown
  parameters: [string, string][]
  pushed: boolean
  askedAt: number
}

function opened(secrets: Pick<Secrets, 'open'>, sealed: string): Opened | undefined {
  try {
    return JSON.parse(secrets.open(sealed))
  } catch {
    return undefined
  }
}

/** Opens what sealPending made.
 *  @throws AppError malformed when it is no such text, is another browser's, or is older than half an hour */
export function openPending(
  secrets: Pick<Secrets, 'open'>,
  sealed: string | undefined,
  { browserId, now }: { browserId: string; now: Date },
): Pending {
  const found = sealed === undefined ? undefined : opened(secrets, sealed)
  const fits = found?.purpose === PURPOSE && found.browserId === browserId
  if (!found || !fits || now.getTime() - found.askedAt > LIFE_MS) throw stale()
  return { parameters: new Map(found.parameters), pushed: found.pushed, askedAt: found.askedAt }
}
