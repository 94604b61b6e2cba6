import { isDeepStrictEqual } from 'node:util'
import type { Transaction } from '../db/queries.js'
import { AppError } from '../errors.js'
import type { Abilities } from './abilities.js'
import type { Principal } from './principal.js'

/** How long an answer is kept: a day. */
const KEPT_MS = 24 * 3600 * 1000

/** An answer as JSON has it. */
type Kept = Readonly<Record<string, unknown>>

/** Remembers the answer to a request under the key that its caller chose, in the transaction of the request: no answer
 *  without the change, no change without the answer. */
export interface Idempotency {
  /** The answer that this request got before, or undefined if it is new. A repetition that comes while the first is
   *  still running waits for it at the primary key.
   *  @throws AppError invalid (422) when the key belongs to another request; OtherRights (403) when the answer was
   *  given to other rights than the caller has now */
  begin(key: string, fingerprint: string): Promise<Kept | undefined>
  finish(key: string, answer: Kept): Promise<void>
}

/** Who calls, what they may, and which organizations the call has been about so far. */
interface Caller {
  readonly name: string
  readonly principal: Principal
  readonly abilities: Abilities
  readonly touched: ReadonlySet<string>
}

/** Whom an answer was given to. */
interface Standing {
  readonly scope: readonly string[]
  readonly asserted: boolean
  readonly test: boolean
  readonly grants: Readonly<Record<string, object>>
}

/** What the caller may do in some organizations, in words that stay the same as long as the rights do: a grant is made by
 *  hand where an organization is founded, and comes from its rows ever after. */
function standingIn({ principal, abilities }: Caller, organizations: Iterable<string>): Standing {
  const { scope, asserted = false, test } = principal
  const grants = [...organizations].map((id) => {
    const { roleId: _role, membershipId: _seat, expiresAt: _end, ...rights } = abilities.grantIn(id) ?? {}
    return [id, rights]
  })
  return { scope: [...scope].sort(), asserted, test, grants: Object.fromEntries(grants) }
}

interface Sealing {
  seal(text: string): string
  open(sealed: string): string
}

/** The refusal of an answer that was given to other rights. */
export class OtherRights extends AppError {
  constructor() {
    const detail =
      'This request has been answered already, and your rights are others now: see what came of it, or choose a new key.'
    super('forbidden', { detail, source: { header: 'Idempotency-Key' } })
  }
}

/** The answer, if the caller still stands as when it was given: it may show what they may not see any more. One that was
 *  kept without saying to whom it was given is shown to nobody. */
function shownTo(caller: Caller, { standing, ...answer }: Kept): Kept {
  const before = standing as Standing | undefined
  if (before !== undefined && isDeepStrictEqual(standingIn(caller, Object.keys(before.grants)), before)) return answer
  throw new OtherRights()
}

/** Binds the memory to one caller and transaction. Answers are sealed, because the answer to a creation shows a secret. */
export function createIdempotency(
  trx: Transaction,
  parts: { caller: Caller; secrets: Sealing; now: Date },
): Idempotency {
  const { caller, secrets, now } = parts
  const table = () => trx('idempotency_keys').where({ caller: caller.name })
  return {
    async begin(key, fingerprint) {
      await table().where({ key }).where('expires_at', '<=', now).delete()
      const expires = new Date(now.getTime() + KEPT_MS)
      const statement = `insert into idempotency_keys (caller, key, fingerprint, created_at, expires_at)
        values (?, ?, ?, ?, ?) on conflict do nothing`
      const values = [caller.name, key, fingerprint, now, expires]
      const inserted = await trx.raw<{ rowCount: number }>(statement, values)
      if (inserted.rowCount === 1) return undefined
      const known = await table().where({ key }).first('fingerprint', 'answer')
      if (known === undefined || known.fingerprint !== fingerprint || known.answer === null) {
        const detail = 'This Idempotency-Key has been used with another request: choose a new one.'
        throw new AppError('invalid', { title: 'is used', detail, source: { header: 'Idempotency-Key' } })
      }
      return shownTo(caller, JSON.parse(secrets.open(String(known.answer))) as Kept)
    },
    async finish(key, answer) {
      const kept = JSON.stringify({ ...answer, standing: standingIn(caller, caller.touched) })
      await table()
        .where({ key })
        .update({ answer: secrets.seal(kept) })
    },
  }
}
