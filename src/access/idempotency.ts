import type { Transaction } from '../db/queries.js'
import { AppError } from '../errors.js'

/** How long an answer is kept: a day. */
const KEPT_MS = 24 * 3600 * 1000

/** Remembers the answer to a request under the key that its caller chose, in the transaction of the request: no answer
 *  without the change, no change without the answer. */
export interface Idempotency {
  /** The answer that this request got before, or undefined if it is new. A repetition that comes while the first is
   *  still running waits for it at the primary key.
   *  @throws AppError invalid (422) when the key belongs to another request */
  begin(key: string, fingerprint: string): Promise<string | undefined>
  finish(key: string, answer: string): Promise<void>
}

interface Sealing {
  seal(text: string): string
  open(sealed: string): string
}

/** Binds the memory to one caller and transaction. Answers are sealed, because the answer to a creation shows a secret. */
export function createIdempotency(
  trx: Transaction,
  parts: { caller: string; secrets: Sealing; now: Date },
): Idempotency {
  const { caller, secrets, now } = parts
  const table = () => trx('idempotency_keys').where({ caller })
  return {
    async begin(key, fingerprint) {
      await table().where({ key }).where('expires_at', '<=', now).delete()
      const expires = new Date(now.getTime() + KEPT_MS)
      const statement = `insert into idempotency_keys (caller, key, fingerprint, created_at, expires_at)
        values (?, ?, ?, ?, ?) on conflict do nothing`
      const inserted = await trx.raw<{ rowCount: number }>(statement, [caller, key, fingerprint, now, expires])
      if (inserted.rowCount === 1) return undefined
      const known = await table().where({ key }).first('fingerprint', 'answer')
      if (known === undefined || known.fingerprint !== fingerprint || known.answer === null) {
        const detail = 'This Idempotency-Key has been used with another request: choose a new one.'
        throw new AppError('invalid', { title: 'is used', detail, source: { header: 'Idempotency-Key' } })
      }
      return secrets.open(String(known.answer))
    },
    async finish(key, answer) {
      await table()
        .where({ key })
        .update({ answer: secrets.seal(answer) })
    },
  }
}
