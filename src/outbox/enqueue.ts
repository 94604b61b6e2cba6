import type { Knex } from 'knex'
import { newId } from '../ids.js'
import type { Message } from './messages.js'

/** Puts messages into the outbox, in the caller's transaction: no message without the change, no change without it. */
export interface Outbox {
  enqueue(message: Message, organizationId?: string): Promise<void>
}

/** Binds the outbox to one transaction. Payloads are sealed, because an invitation carries its token. */
export function createOutbox(trx: Knex.Transaction, secrets: { seal(text: string): string }, now: Date): Outbox {
  return {
    async enqueue({ kind, ...payload }, organizationId) {
      await trx('outbox').insert({
        id: newId(),
        kind,
        payload: secrets.seal(JSON.stringify(payload)),
        organization_id: organizationId ?? null,
        next_attempt_at: now,
        created_at: now,
      })
    },
  }
}
