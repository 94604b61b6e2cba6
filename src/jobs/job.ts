import type { Knex } from 'knex'
import type { Logger } from 'pino'
import type { Secrets } from '../crypto/secrets.js'
import type { Mailer } from '../outbox/mailer.js'
import type { KeyChanges } from '../tokens/key-rotation.js'

/** What a run of a job gets. A job has no principal: it works as the database role `gatehouse_auth` (or, to purge, as
 *  `gatehouse_purge`), which is all that it may do, and what it changes is told in `versions` with `who` null. */
export interface JobContext {
  readonly knex: Knex
  readonly secrets: Pick<Secrets, 'open'>
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly now: Date
  /** Undefined where mails can go nowhere: then they wait. */
  readonly mailer: Mailer | undefined
  /** Name servers to ask instead of the system's; none: the system's. */
  readonly dnsServers: readonly string[]
  readonly keys: Pick<KeyChanges, 'rotateOlderThan' | 'forget'>
  /** Age at which signing keys are followed by new ones; 0: never. */
  readonly keyRotationDays: number
  /** Set when the instance stops: a run that has more to do leaves it to the next. */
  readonly signal: AbortSignal
}

/** A piece of background work. `run` may be called by anyone at any time: twice is once. */
export interface Job {
  readonly name: string
  readonly everySeconds: number
  run(context: JobContext): Promise<void>
}

/** Repeats a step that does a bounded piece of work until it has less than a full piece to do, or the instance stops. */
export async function inBatches(signal: AbortSignal, size: number, step: () => Promise<number>): Promise<number> {
  let total = 0
  for (;;) {
    const done = await step()
    total += done
    if (done < size || signal.aborted) return total
  }
}
