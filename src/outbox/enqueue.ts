import type { Transaction } from '../db/queries.js'
import { newId } from '../ids.js'
import type { Message } from './messages.js'

/** Puts messages into the outbox, in the caller's transaction: no message without the change, no change without it. */
export interface Outbox {
  enqueue(message: Message, organizationId?: string): Promise<void>
  /** Does the same work for a message that is not to be sent, so that its time tells nothing (ATTACKS S3). */
  pretend(message: Message): Promise<void>
}

/** Binds the outbox to one transaction. Payloads are sealed, because an invitation carries its token. */
export function createOutbox(trx: Transaction, secrets: { seal(text: string): string }, now: Date): Outbox {
  const rowOf = ({ kind, ...payload }: Message) => ({
    id: newId(),
    kind,
    payload: secrets.seal(JSON.stringify(payload)),
    next_attempt_at: now,
    created_at: now,
  })
  return {
    async enqueue(message, organizationId) {
      await trx('outbox').insert({ ...rowOf(message), organization_id: organizationId ?? null })
    },
    async pretend(message) {
      await trx('outbox').insert({ ...rowOf(message), payload: '', sent_at: now })
    },
  }
}
