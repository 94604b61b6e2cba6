import type { Transaction } from '../db/queries.js'
import { newId } from '../ids.js'

/** What somebody did to their own account. */
export interface OwnChange {
  readonly userId: string
  readonly event?: 'create' | 'update'
  /** By attribute: before, after. What is secret is told as `old` and `new`. */
  readonly changes: Readonly<Record<string, readonly [unknown, unknown]>>
  readonly now: Date
  readonly requestId: string
}

/** Leaves a line in the history of an account that its own person has changed. */
export async function addToHistory(trx: Transaction, change: OwnChange): Promise<void> {
  const { userId, event = 'update', changes, now, requestId } = change
  await trx('user_versions').insert({
    id: newId(),
    user_id: userId,
    event,
    changes: JSON.stringify(changes),
    who: JSON.stringify({ user: { id: userId } }),
    request_id: requestId,
    created_at: now,
  })
}
