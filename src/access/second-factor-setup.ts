import { randomInt } from 'node:crypto'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { createOutbox } from '../outbox/enqueue.js'
import { addToHistory, type OwnChange } from '../tokens/account-history.js'
import { recoveryHash, type SecondFactorParts, stepOf } from './second-factor.js'

/** 49 bits each, of letters and digits that cannot be taken for one another. */
const RECOVERY_CODES = 10
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'

interface Change {
  readonly userId: string
  readonly now: Date
  readonly requestId: string
}

async function replaceCodes(trx: Transaction, { secrets }: SecondFactorParts, { userId, now }: Change) {
  const codes = Array.from({ length: RECOVERY_CODES }, () => {
    const letters = Array.from({ length: 10 }, () => ALPHABET[randomInt(ALPHABET.length)])
    return `${letters.slice(0, 5).join('')}-${letters.slice(5).join('')}`
  })
  await trx('recovery_codes').where({ user_id: userId }).delete()
  const rows = codes.map((code) => ({
    user_id: userId,
    hash: recoveryHash(secrets, userId, code),
    created_at: now,
  }))
  await trx('recovery_codes').insert(rows)
  return codes
}

/** What every change of a second factor leaves behind: a line of history, and a mail. */
async function tell(
  trx: Transaction,
  { secrets }: SecondFactorParts,
  { userId, now, requestId, change, email }: Change & { change: 'on' | 'off' | 'codes'; email: string },
): Promise<void> {
  const changes: OwnChange['changes'] =
    change === 'codes'
      ? { recovery_codes: ['old', 'new'] }
      : { otp_required_for_login: [change !== 'on', change === 'on'] }
  await addToHistory(trx, { userId, changes, now, requestId })
  await createOutbox(trx, secrets, now).enqueue({ kind: 'two_factor_changed', email, change, at: now.toISOString() })
}

/** Sets up the second factor of an account that has none, when `code` shows that the app has the secret.
 *  @returns the recovery codes, told here only; undefined when the code is wrong or there is a second factor already */
export function setUpTotp(
  parts: SecondFactorParts,
  { secret, code, ...change }: Change & { secret: string; code: string },
): Promise<string[] | undefined> {
  const { userId, now } = change
  const step = stepOf(secret, code, now)
  if (step === undefined) return Promise.resolve(undefined)
  return asAuth(parts.knex, async (trx) => {
    const [user] = await trx('users')
      .where({ id: userId, totp_confirmed_at: null })
      .whereNull('disabled_at')
      .update({
        totp_secret: parts.secrets.seal(secret),
        totp_confirmed_at: now,
        totp_last_step: step,
        otp_required_for_login: true,
        updated_at: now,
      })
      .returning('email')
    if (user === undefined) return undefined
    const codes = await replaceCodes(trx, parts, change)
    await tell(trx, parts, { ...change, change: 'on', email: user.email })
    return codes
  })
}

/** Makes new recovery codes in place of the old ones.  @returns them, told here only; undefined without a second factor */
export function renewRecoveryCodes(parts: SecondFactorParts, change: Change): Promise<string[] | undefined> {
  return asAuth(parts.knex, async (trx) => {
    const user = await trx('users').where({ id: change.userId }).whereNotNull('totp_confirmed_at').forUpdate().first()
    if (user === undefined) return undefined
    const codes = await replaceCodes(trx, parts, change)
    await tell(trx, parts, { ...change, change: 'codes', email: user.email })
    return codes
  })
}

/** Gives the second factor up, with its recovery codes.  @returns whether there was one */
export function dropSecondFactor(parts: SecondFactorParts, change: Change): Promise<boolean> {
  const { userId, now } = change
  return asAuth(parts.knex, async (trx) => {
    const [user] = await trx('users')
      .where({ id: userId })
      .whereNotNull('totp_confirmed_at')
      .update({
        totp_secret: null,
        totp_confirmed_at: null,
        totp_last_step: null,
        otp_required_for_login: false,
        updated_at: now,
      })
      .returning('email')
    if (user === undefined) return false
    await trx('recovery_codes').where({ user_id: userId }).delete()
    await tell(trx, parts, { ...change, change: 'off', email: user.email })
    return true
  })
}
