import type { Knex } from 'knex'
import type { Secrets } from '../../crypto/secrets.js'
import type { Activity } from '../../tokens/activity.js'
import type { KeyRing } from '../../tokens/keys.js'
import type { Markets } from '../../tokens/markets.js'
import type { Revocations } from '../../tokens/revocations.js'
import type { ClientLimits } from '../client-limits.js'
import type { ClientKind } from '../client-store.js'
import type { Client } from '../clients.js'
import type { Owners } from '../owners.js'
import type { Parameters } from '../parameters.js'
import type { Subjects } from '../scopes.js'

/** What a grant sees of a token request whose client is authenticated and allowed to use it. */
export interface GrantRequest {
  readonly client: Client
  readonly parameters: Parameters
  readonly now: Date
  readonly subjects: Subjects
  /** Bounds the passwords that this request tries; undefined: nothing is limited. */
  readonly limits: ClientLimits | undefined
}

/** Whom an ID token is about, and how they have signed in. Source: OpenID Connect Core §2 */
export interface IdTokenFacts {
  readonly client: Client
  readonly userId: string
  readonly scope: string
  readonly nonce: string | undefined
  readonly authenticatedAt: Date | undefined
  readonly amr: readonly string[]
  readonly sessionId: string | undefined
  /** The access token that it is issued with. */
  readonly accessToken: string
  readonly now: Date
}

/** What a grant may use. */
export interface GrantTools {
  readonly keys: Pick<KeyRing, 'signingKey'>
  readonly markets: Markets
  readonly issuer: string
  readonly audience: string
  readonly knex: Knex
  readonly secrets: Secrets
  readonly revocations: Pick<Revocations, 'revoke' | 'refresh' | 'isRevoked'>
  readonly owners: Owners
  readonly activity?: Pick<Activity, 'signedIn'> | undefined
  /** Makes an ID token: asked for a user whose scope has `openid`. */
  readonly idToken?: ((facts: IdTokenFacts) => Promise<string>) | undefined
}

/** The answer to a token request: exactly these keys, less those that are undefined, which JSON leaves out.
 *  Source: CONTRACT 5.1; RFC 6749 §5.1. */
export interface TokenBody {
  access_token: string
  token_type: 'bearer'
  /** Seconds. */
  expires_in: number
  scope: string
  /** Epoch seconds. */
  created_at: number
  refresh_token?: string | undefined
  owner_id?: string | undefined
  owner_type?: 'user' | 'customer' | undefined
  id_token?: string | undefined
}

/** One way to get a token. Adding one is a file here and a line in `index.ts`. */
export interface Grant {
  readonly grantType: string
  /** Kinds of client that may use it; others get `unauthorized_client`. */
  readonly kinds: readonly ClientKind[]
  /** Body parameters it reads, beside those that every token request has. */
  readonly parameters: readonly string[]
  /** In this order, before anything is issued; each throws its own OAuth error. */
  readonly checks: readonly ((request: GrantRequest) => void | Promise<void>)[]
  readonly issue: (request: GrantRequest, tools: GrantTools) => Promise<TokenBody>
}
