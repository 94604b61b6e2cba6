import { setTimeout } from 'node:timers/promises'

/** Serialization failure and deadlock: the database ended a transaction so that others could go on, and the same work may
 *  succeed when tried again (ATTACKS F7). */
const GIVE_WAY = ['40001', '40P01']

/** A lock was not to be had within the session's `lock_timeout`. */
export const LOCK_NOT_AVAILABLE = '55P03'

/** What to do about locks that others hold, where a session does not wait for them. */
interface LockWait {
  /** Milliseconds until the next try. */
  readonly pause: number
  readonly onWait?: ((error: Error) => void) | undefined
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? ''

/** Does work that is one transaction, again where the database made it give way to others: it has left nothing then.
 *  @throws what `work` throws, after `tries` of them */
export async function givingWay<T>(
  { tries, locks }: { readonly tries: number; readonly locks?: LockWait },
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      const waits = locks !== undefined && codeOf(error) === LOCK_NOT_AVAILABLE
      if (attempt === tries || !(waits || GIVE_WAY.includes(codeOf(error)))) throw error
      if (!waits) continue
      locks.onWait?.(error as Error)
      await setTimeout(locks.pause)
    }
  }
}
