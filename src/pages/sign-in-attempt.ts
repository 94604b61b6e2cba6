import { type Candidate, checkCandidate, findCandidate, renewHash } from '../access/accounts-sign-in.js'
import { canonicalAddress } from '../access/addresses.js'
import type { LimitName } from '../config/limits.js'
import { inLine } from '../crypto/passwords.js'
import { networkOf } from '../http/client-address.js'
import { networkFor } from '../http/request.js'
import type { LimitKey, Limits } from '../limits/limits.js'
import type { EntranceParts } from './entrance-parts.js'
import type { Visit } from './visit.js'

type Taking = readonly [name: LimitName, key: LimitKey]

/** A person whose password was right. */
export interface Admitted {
  readonly userId: string
  readonly email: string
  readonly twoFactor: boolean
  /** The hash that the password was checked against: no sign-in begins once the account has another. */
  readonly passwordHash: string
  /** The network that the password came from, if they have signed in from it before: good for no other. */
  readonly knownNetwork: string | undefined
}

/** Counts a try in each limit, in order; what is counted before a refusal stays counted.
 *  @throws AppError too_many */
export async function takeEach(limits: Limits, takings: readonly Taking[]): Promise<void> {
  for (const [name, key] of takings) await limits.take(name, key)
}

/** Takes back what a try that was right has counted. */
export async function giveEachBack(limits: Limits, takings: readonly Taking[]): Promise<void> {
  for (const [name, key] of takings) await limits.giveBack(name, key)
}

/** The limits of a try from a network that its account does not know: over all such networks. Whoever has signed in from
 *  a network before is not kept out there by what others do elsewhere, so nobody can lock a person out. */
const strangersTry = (known: boolean, key: LimitKey): Taking[] => (known ? [] : [['sign_in_stranger', key]])

/** What somebody has typed into the form. */
interface Typed {
  readonly address: string
  readonly password: string
}

/** Tries a password. The try is counted before its hash is computed, and given back when it was right: a hundred at once
 *  are a hundred (ATTACKS S5). The same work is done whoever it is (S3).
 *  @returns undefined whatever the reason.  @throws AppError too_many */
export const tryPassword = (parts: EntranceParts, visit: Visit, typed: Typed): Promise<Admitted | undefined> =>
  inLine(() => tryInLine(parts, visit, typed))

async function tryInLine(
  { db, config, limits }: EntranceParts,
  visit: Visit,
  { address, password }: Typed,
): Promise<Admitted | undefined> {
  const { knex } = db
  const network = networkFor(visit.req)
  const email = canonicalAddress(address)
  // The account's first: what it refuses does not count against the others of the network.
  const near: Taking[] = [
    ['sign_in_account', [email ?? '', network]],
    ['sign_in_address', network],
  ]
  // A network that has tried enough makes up no more accounts to be counted.
  await limits.check('sign_in_address', network)
  await takeEach(limits, near)
  const found: Candidate | undefined = await findCandidate(knex, { email: email ?? '', now: visit.now })
  const known = found?.addresses.some((one) => networkOf(one) === network) ?? false
  const far = strangersTry(known, email ?? '')
  await takeEach(limits, far)
  const { bcryptCost } = config
  if (!(await checkCandidate(found, { password, bcryptCost })) || found === undefined) return undefined
  await giveEachBack(limits, [...near, ...far])
  const passwordHash = await renewHash(knex, { candidate: found, password, bcryptCost })
  const { userId, email: own, twoFactor } = found
  return { userId, email: own, twoFactor, passwordHash, knownNetwork: known ? network : undefined }
}

/** The limits of one try of a second factor: of the person here, and of the person everywhere else. A code from another
 *  network than the password is a stranger's: a foothold in a known one opens no others (ATTACKS S6). */
export function secondFactorTry(
  visit: Visit,
  { userId, knownNetwork }: Pick<Admitted, 'userId' | 'knownNetwork'>,
): Taking[] {
  const network = networkFor(visit.req)
  return [['second_factor', [userId, network]], ...strangersTry(knownNetwork === network, ['second factor', userId])]
}
