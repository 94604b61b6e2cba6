import type { Knex } from 'knex'
import { checkPassword, hashOfNothing, renewKept } from '../crypto/passwords.js'
import { asAuth } from '../db/roles.js'

const DAY_MS = 24 * 3600 * 1000
/** For so long an address from which somebody has signed in is one of theirs. */
const KNOWN_DAYS = 90
const KNOWN_ADDRESSES = 50

/** Whose password is about to be tried. */
export interface Candidate {
  readonly userId: string
  readonly email: string
  /** Whether the second factor is asked for. */
  readonly twoFactor: boolean
  /** From where this person has signed in lately. */
  readonly addresses: readonly string[]
  readonly passwordHash: string | null
  /** False of an account that is disabled, or whose address is not proven. */
  readonly mayEnter: boolean
}

const FIND = `
  select u.id as "userId", u.email, u.password_hash as "passwordHash", u.totp_confirmed_at is not null as "twoFactor",
    u.disabled_at is null and u.email_verified_at is not null as "mayEnter",
    array(select s.address from sessions s where s.user_id = u.id and s.address is not null and s.created_at > :since
      order by s.created_at desc limit :most) as addresses
  from users u where u.email = :email`

/** The account of an address, for a sign-in; undefined when there is none. Look at nothing of it but the known addresses
 *  until checkCandidate has answered.
 *  @param email as access/addresses has it */
export function findCandidate(
  knex: Knex,
  { email, now }: { email: string; now: Date },
): Promise<Candidate | undefined> {
  const since = new Date(now.getTime() - KNOWN_DAYS * DAY_MS)
  return asAuth(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: Candidate[] }>(FIND, { email, since, most: KNOWN_ADDRESSES })
    return rows[0]
  })
}

/** Whether the password is right and the account may be entered. One hash is computed whoever it is: nobody, somebody without
 *  a password, a disabled or an unproven account take as long as a wrong password (ATTACKS S3).
 *  Errors: `too_many` (crypto/passwords) */
export async function checkCandidate(
  candidate: Candidate | undefined,
  { password, bcryptCost }: { password: string; bcryptCost: number },
): Promise<boolean> {
  const right = await checkPassword(password, candidate?.passwordHash ?? hashOfNothing(bcryptCost))
  return right && candidate?.mayEnter === true
}

/** The hash of an account's password now; undefined when it has none. */
export async function passwordHashOf(knex: Knex, userId: string): Promise<string | undefined> {
  const user = await asAuth(knex, (trx) => trx('users').where({ id: userId }).first('password_hash'))
  return typeof user?.password_hash === 'string' ? user.password_hash : undefined
}

/** Keeps the hash of a password that was just right under the cost that is set now.
 *  @returns the hash that the password has now; the old one when it is the password no more */
export async function renewHash(
  knex: Knex,
  { candidate, password, bcryptCost }: { candidate: Candidate; password: string; bcryptCost: number },
): Promise<string> {
  const { userId, passwordHash: hashed } = candidate
  if (hashed === null) return ''
  return renewKept(
    { password, hashed, cost: bcryptCost },
    {
      replace: async (renewed) =>
        (await asAuth(knex, (trx) =>
          trx('users').where({ id: userId, password_hash: hashed }).update({ password_hash: renewed }),
        )) === 1,
      read: () => passwordHashOf(knex, userId),
    },
  )
}
