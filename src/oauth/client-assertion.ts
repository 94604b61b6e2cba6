import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import { checkAssertion } from '../tokens/client-keys.js'
import { takeOnce } from '../tokens/replay.js'
import type { StoredClient } from './client-store.js'

/** Five minutes, in seconds: an assertion is for one request. */
const LONGEST_SECONDS = 300

/** Whether an assertion proves that a request is a client's: signed by one of its keys, about itself, for us, and not seen
 *  before. */
export type AssertionCheck = (stored: StoredClient | undefined, assertion: string, now: Date) => Promise<boolean>

/** Makes the check of `private_key_jwt`. `issuer` names us; the address of the token endpoint is accepted too.
 *  Source: RFC 7523 §2.2, §3; OpenID Connect Core §9 */
export function createAssertionCheck(options: {
  db: Pick<Database, 'knex'>
  secrets: Pick<Secrets, 'hash'>
  issuer: string
}): AssertionCheck {
  const { db, secrets, issuer } = options
  const audiences = [issuer, `${issuer}/oauth/token`]
  return async (stored, assertion, now) => {
    if (!stored?.jwks || (stored.expiresAt !== null && stored.expiresAt <= now.getTime())) return false
    const { clientId, jwks: keys } = stored
    const checked = await checkAssertion(assertion, {
      keys,
      clientId,
      audiences,
      longestSeconds: LONGEST_SECONDS,
      now,
    })
    if (checked?.subject !== clientId) return false
    const hash = secrets.hash(`jti ${JSON.stringify(checked.jti)}`)
    return takeOnce(db.knex, { clientId, hash, expiresAt: checked.expiresAt })
  }
}
