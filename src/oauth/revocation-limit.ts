import { AppError } from '../errors.js'
import { createBoundedCache } from '../tokens/bounded-cache.js'

const WINDOW_MS = 3_600_000
const CLIENTS = 10_000

/** How often a client may do what leaves a row behind. */
export interface RevocationLimit {
  /** Counts one more.  @throws AppError too_many, with Retry-After, once the hour's number is used up */
  take(clientId: string, now: Date): void
}

/** Bounds what anybody can do who knows a public client id: each revocation is a row until the token would have expired,
 *  and in the memory of every instance. Counted in this process, for the ten thousand clients that asked last. */
export function createRevocationLimit(perHour: number): RevocationLimit {
  const windows = createBoundedCache<{ endsAt: number; taken: number }>(CLIENTS)
  return {
    take(clientId, now) {
      const at = now.getTime()
      const known = windows.get(clientId)
      const window = known !== undefined && known.endsAt > at ? known : { endsAt: at + WINDOW_MS, taken: 0 }
      if (window.taken >= perHour) {
        throw new AppError('too_many', {
          detail: 'This client has revoked too many tokens by its client_id alone. Present its secret, or wait.',
          headers: { 'Retry-After': String(Math.ceil((window.endsAt - at) / 1000)) },
        })
      }
      window.taken += 1
      windows.set(clientId, window)
    },
  }
}
