import type { Knex } from 'knex'
import type { Secrets } from '../crypto/secrets.js'
import type { Transaction } from '../db/queries.js'
import { asAuth } from '../db/roles.js'
import { type ConsentKey, holdConsent } from './consents.js'
import { organizationAt, placeOf } from './families.js'

/** Recognisable in a leak: an authorization code. */
const PREFIX = 'gh_code_'
/** DECISIONS 4 */
const LIFE_MS = 60_000

/** What a person has let an application have, once they have signed in and agreed. */
export interface NewCode {
  /** Undefined: none in particular, the user in all of theirs (the first-party console only). */
  readonly organizationId: string | undefined
  readonly clientId: string
  /** The client's row; undefined for a client that is built in. */
  readonly applicationId: string | undefined
  readonly userId: string
  readonly sessionId: string
  /** Exactly as it was asked for: the token request must repeat it. */
  readonly redirectUri: string
  /** False when the request left it out, the client having one only: then the token request may, too. Default: true. */
  readonly redirectUriSent?: boolean
  /** As it will be answered. */
  readonly scope: string
  /** S256; undefined only for a client that need not do PKCE. */
  readonly codeChallenge: string | undefined
  readonly nonce: string | undefined
  readonly resource: string | undefined
  readonly authenticatedAt: Date
  readonly amr: readonly string[]
}

/** A code as it is kept. */
export interface KeptCode extends Omit<NewCode, 'sessionId'> {
  readonly hash: string
  readonly sessionId: string | undefined
  readonly used: boolean
  /** What the first use began. */
  readonly familyId: string | undefined
  readonly createdAt: Date
  readonly expiresAt: Date
}

interface Row extends Record<string, unknown> {
  organization_id: string
  client_id: string
  api_credential_id: string | null
  user_id: string
  session_id: string | null
  redirect_uri: string
  redirect_uri_sent: boolean
  scope: string
  code_challenge: string | null
  nonce: string | null
  resource: string | null
  authenticated_at: string
  amr: string[]
  used_at: string | null
  family_id: string | null
  created_at: string
  expires_at: string
}

const keptOf = (hash: string, row: Row): KeptCode => ({
  hash,
  organizationId: organizationAt(row.organization_id),
  clientId: row.client_id,
  applicationId: row.api_credential_id ?? undefined,
  userId: row.user_id,
  sessionId: row.session_id ?? undefined,
  redirectUri: row.redirect_uri,
  redirectUriSent: row.redirect_uri_sent,
  scope: row.scope,
  codeChallenge: row.code_challenge ?? undefined,
  nonce: row.nonce ?? undefined,
  resource: row.resource ?? undefined,
  authenticatedAt: new Date(row.authenticated_at),
  amr: row.amr,
  used: row.used_at !== null,
  familyId: row.family_id ?? undefined,
  createdAt: new Date(row.created_at),
  expiresAt: new Date(row.expires_at),
})

type CodeSecrets = Pick<Secrets, 'newSecret' | 'hash'>

/** A code to be kept. */
export interface CodeToKeep {
  readonly code: NewCode
  readonly now: Date
}

async function insertCode(trx: Transaction, secrets: CodeSecrets, { code, now }: CodeToKeep): Promise<string> {
  const text = secrets.newSecret(PREFIX)
  await trx('authorization_codes').insert({
    organization_id: placeOf(code.organizationId),
    hash: secrets.hash(text),
    client_id: code.clientId,
    api_credential_id: code.applicationId ?? null,
    user_id: code.userId,
    session_id: code.sessionId,
    redirect_uri: code.redirectUri,
    redirect_uri_sent: code.redirectUriSent ?? true,
    scope: code.scope,
    code_challenge: code.codeChallenge ?? null,
    nonce: code.nonce ?? null,
    resource: code.resource ?? null,
    authenticated_at: code.authenticatedAt,
    amr: JSON.stringify(code.amr),
    created_at: now,
    expires_at: new Date(now.getTime() + LIFE_MS),
  })
  return text
}

/** Keeps a code for a minute.  @returns its text, for the redirect; it is told here only. Source: RFC 6749 §4.1.2 */
export const saveCode = (knex: Knex, secrets: CodeSecrets, kept: CodeToKeep): Promise<string> =>
  asAuth(knex, (trx) => insertCode(trx, secrets, kept))

/** The same, while the consent is still given: a withdrawal waits for its row, and then burns the code; or it was first.
 *  @returns undefined where it was withdrawn */
export const saveAgreedCode = (
  knex: Knex,
  secrets: CodeSecrets,
  { consent, ...kept }: CodeToKeep & { readonly consent: ConsentKey },
): Promise<string | undefined> =>
  asAuth(knex, async (trx) => ((await holdConsent(trx, consent)) ? insertCode(trx, secrets, kept) : undefined))

/** The code with this keyed hash, whatever has become of it. */
export async function findCode(knex: Knex, hash: string): Promise<KeptCode | undefined> {
  const row = await asAuth(knex, (trx) => trx<Row>('authorization_codes').where({ hash }).first())
  return row && keptOf(hash, row as Row)
}

/** Uses a code up, for the family that its use begins. One statement.
 *  @returns false when it was used before or has expired */
export async function useCode(
  trx: Transaction,
  code: KeptCode,
  { familyId, now }: { familyId: string | undefined; now: Date },
): Promise<boolean> {
  const used = await trx('authorization_codes')
    .where({ organization_id: placeOf(code.organizationId), hash: code.hash })
    .whereNull('used_at')
    .where('expires_at', '>', now)
    .update({ used_at: now, family_id: familyId ?? null })
  return used === 1
}

/** Burns a code: whoever had it used it wrongly or too late, and gets no second guess (ATTACKS P4), nor one from a clock
 *  that is set back (F11). */
export async function burnCode(knex: Knex, { organizationId, hash }: KeptCode, now: Date): Promise<void> {
  await asAuth(knex, (trx) =>
    trx('authorization_codes')
      .where({ organization_id: placeOf(organizationId), hash })
      .whereNull('used_at')
      .update({ used_at: now }),
  )
}
