import { AppError } from '../errors.js'
import type { AccessClaims } from './claims.js'
import type { RingKey } from './key-store.js'
import type { KeyRing } from './keys.js'

/** Longest token, in characters: it has to fit into headers, cookies and URLs of others. Source: DECISIONS 4, RFC 9068 checklist 05. */
const LONGEST = 1536
/** What the list of a market's stock locations may add to it, in characters: the organization has made that list, not the
 *  client, and to refuse it would take a shop off the air. */
const MOST_STOCK = 512
/** One id in the list, in base64url. */
const STOCK_ID = 18

const stockOf = ({ market }: AccessClaims): number =>
  Math.min(MOST_STOCK, (market?.stock_location_ids.length ?? 0) * STOCK_ID)

/** JSON in ASCII, because official clients decode it with `atob`, which knows no UTF-8. */
function asciiJson(value: unknown): string {
  const json = JSON.stringify(value)
  if (!/[\u007f-\uffff]/.test(json)) return json
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function signed(key: RingKey, claims: object): string | Promise<string> {
  const input = `${key.header}.${Buffer.from(asciiJson(claims), 'latin1').toString('base64url')}`
  const signature = key.sign(input)
  return typeof signature === 'string' ? `${input}.${signature}` : signature.then((text) => `${input}.${text}`)
}

/** Signs claims with the key that is active at `now`; the only place where an access token is made.
 *  Throws `invalid_scope` when the token would be longer than 1.5 KiB, stock locations aside: of all claims only the
 *  scope is the client's; `invalid_assertion` where an assertion has brought claims of its own. */
export async function mintToken(keys: Pick<KeyRing, 'signingKey'>, claims: AccessClaims, now: Date): Promise<string> {
  const token = await signed(keys.signingKey(now), claims)
  if (token.length > LONGEST + stockOf(claims)) {
    if (claims.custom_claim !== undefined)
      throw new AppError('invalid_assertion', { detail: 'The custom claims and the scope are too long for a token.' })
    throw new AppError('invalid_scope', { detail: 'The requested scope is too long for a token. Ask for fewer items.' })
  }
  return token
}

/** Signs the claims of an id_token with the key for those, which no access token is ever verified with. */
export const signIdToken = async (keys: Pick<KeyRing, 'identityKey'>, claims: object, now: Date): Promise<string> =>
  signed(keys.identityKey(now), claims)
