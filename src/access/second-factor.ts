import type { Knex } from 'knex'
import { Secret, TOTP } from 'otpauth'
import { asAuth } from '../db/roles.js'
import type { SecretMaker } from './context.js'

const ISSUER = 'Gatehouse'
/** Length of a time step, in seconds, and how many steps a clock may be off. Source: RFC 6238 §5.2 */
const PERIOD = 30
const WINDOW = 1

/** What second factors are kept with. */
export interface SecondFactorParts {
  readonly knex: Knex
  readonly secrets: Pick<SecretMaker, 'hash' | 'seal' | 'open'>
}

/** Who shows a second factor, and when. */
export interface Showing {
  readonly userId: string
  readonly code: string
  readonly now: Date
  /** When the password was shown: one that was changed since is no first factor any more. */
  readonly since: Date
}

/** How an account's second factor stands. */
export interface SecondFactor {
  readonly confirmedAt: Date | null
  readonly codesLeft: number
}

const totpOf = (secret: string, label = ''): TOTP =>
  new TOTP({ issuer: ISSUER, label, secret: Secret.fromBase32(secret), period: PERIOD })

/** The time step whose code this is; undefined when it is none of the window's. */
export function stepOf(secret: string, code: string, now: Date): number | undefined {
  const token = code.replaceAll(/[\s-]/g, '')
  if (!/^\d{6}$/.test(token)) return undefined
  const delta = totpOf(secret).validate({ token, timestamp: now.getTime(), window: WINDOW })
  return delta === null ? undefined : Math.floor(now.getTime() / 1000 / PERIOD) + delta
}

/** How a code is kept: by a keyed hash that also names its owner. However it is typed, it is the same code. */
export const recoveryHash = (secrets: SecondFactorParts['secrets'], userId: string, code: string): string =>
  secrets.hash(`recovery code\n${userId}\n${code.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`)

/** A secret for an authenticator app, new unless it is given, and the address that its QR code holds. Nothing is kept. */
export function newTotp(email: string, secret = new Secret({ size: 20 }).base32): { secret: string; uri: string } {
  return { secret, uri: totpOf(secret, email).toString() }
}

/** How the second factor of an account stands. */
export function secondFactorOf({ knex }: SecondFactorParts, userId: string): Promise<SecondFactor> {
  return asAuth(knex, async (trx) => {
    const user = await trx('users').where({ id: userId }).first('totp_confirmed_at')
    const codes = await trx('recovery_codes').where({ user_id: userId }).whereNull('used_at').select('hash')
    const at: unknown = user?.totp_confirmed_at ?? null
    return { confirmedAt: at === null ? null : new Date(String(at)), codesLeft: codes.length }
  })
}

/** Takes the code of an authenticator app, once: a code that was taken, or one before it, is not good any more, however
 *  many come at once. Source: RFC 6238 §5.2
 *  @returns whether it is good */
export function takeTotp({ knex, secrets }: SecondFactorParts, showing: Showing): Promise<boolean> {
  const { userId, code, now, since } = showing
  return asAuth(knex, async (trx) => {
    const user = await trx('users').where({ id: userId }).whereNotNull('totp_confirmed_at').first('totp_secret')
    if (typeof user?.totp_secret !== 'string') return false
    const step = stepOf(secrets.open(user.totp_secret), code, now)
    if (step === undefined) return false
    const taken = await trx('users')
      .where({ id: userId })
      .whereNull('disabled_at')
      .whereNotNull('totp_confirmed_at')
      .whereRaw('coalesce(totp_last_step, 0) < ?', [step])
      .whereRaw('coalesce(password_changed_at, created_at) <= ?', [since])
      .update({ totp_last_step: step })
    return taken === 1
  })
}

/** Takes a recovery code, once.  @returns whether it is good */
export function takeRecoveryCode({ knex, secrets }: SecondFactorParts, showing: Showing): Promise<boolean> {
  const { userId, code, now, since } = showing
  return asAuth(knex, async (trx) => {
    const answer = await trx.raw<{ rowCount: number }>(
      `update recovery_codes c set used_at = :now from users u
        where c.user_id = :userId and c.hash = :hash and c.used_at is null and u.id = c.user_id and u.disabled_at is null
          and u.totp_confirmed_at is not null and coalesce(u.password_changed_at, u.created_at) <= :since`,
      { now, userId, since, hash: recoveryHash(secrets, userId, code) },
    )
    return answer.rowCount === 1
  })
}
