import { AppError, atAttribute, atRelationship, type ErrorKind, type ErrorSource } from '../errors.js'

/** What a constraint's failure means to the caller. `at` names the attribute, `relationship` the relationship. */
export interface ConstraintMeaning {
  readonly kind?: ErrorKind
  readonly at?: string
  readonly relationship?: string
  readonly detail?: string
}

/** Meanings by the name of the constraint, as the migrations give it. */
export type ConstraintNames = Readonly<Record<string, ConstraintMeaning>>

/** Every constraint whose failure has more to say than its SQLSTATE does. */
export const CONSTRAINTS: ConstraintNames = {
  api_credentials_expires_in: { at: 'expires_in', detail: 'expires_in - must be from 7200 to 31536000 seconds' },
  api_credentials_integration_has_role: { relationship: 'role', detail: 'role - an integration needs one' },
  api_credentials_mode: { at: 'mode', detail: 'mode - must be test or live' },
  api_credentials_role_fkey: { relationship: 'role' },
  api_credentials_sales_channel_has_no_role: {
    relationship: 'role',
    detail: 'role - this kind of application has none',
  },
  application_memberships_api_credential_fkey: { relationship: 'api_credential' },
  application_memberships_have_holder: { relationship: 'membership' },
  application_memberships_membership_fkey: { relationship: 'membership' },
  application_memberships_membership_profile_fkey: { relationship: 'membership_profile' },
  application_memberships_membership_profile_uq: {
    relationship: 'membership_profile',
    detail: 'membership_profile - opens this application already',
  },
  application_memberships_membership_uq: {
    relationship: 'membership',
    detail: 'membership - opens this application already',
  },
  application_memberships_role_fkey: { relationship: 'role' },
  customers_email_canonical: { at: 'email' },
  customers_email_uq: { at: 'email' },
  identity_providers_name_uq: { at: 'name' },
  market_stock_locations_pair_uq: { kind: 'conflict', relationship: 'stock_locations' },
  market_stock_locations_stock_location_fkey: { relationship: 'stock_locations' },
  markets_code_uq: { at: 'code' },
  markets_merchant_fkey: { relationship: 'merchant' },
  memberships_access_scope: { at: 'access_scope' },
  memberships_last_owner: { kind: 'last_owner', detail: 'The last owner of an organization cannot be lost.' },
  memberships_membership_profile_fkey: { relationship: 'membership_profile' },
  memberships_owner_is_active: { at: 'owner', detail: 'owner - only an active member can own the organization' },
  memberships_role_fkey: { relationship: 'role' },
  memberships_user_email_canonical: { at: 'user_email' },
  memberships_user_email_uq: { at: 'user_email' },
  memberships_user_id_uq: { at: 'user_email' },
  merchants_code_uq: { at: 'code' },
  organizations_slug_label: { at: 'slug', detail: 'slug - must be letters, digits and hyphens' },
  organizations_slug_uq: { at: 'slug' },
  permissions_role_fkey: { relationship: 'role' },
  permissions_role_id_subject_uq: { at: 'subject' },
  slugs_pkey: { at: 'slug' },
  stock_locations_code_uq: { at: 'code' },
  stores_code_uq: { at: 'code' },
  stores_market_fkey: { relationship: 'market' },
  stores_merchant_fkey: { relationship: 'merchant' },
  stores_stock_location_fkey: { relationship: 'stock_location' },
  users_email_canonical: { at: 'email' },
  users_email_uq: { at: 'email' },
}

interface DatabaseError {
  readonly code: string
  readonly message: string
  readonly constraint?: string
  readonly column?: string
}

const INVALID: Readonly<Record<string, string>> = {
  '22001': 'a value is too long',
  '22003': 'a number is out of range',
  '22007': 'a date or time is not valid',
  '22008': 'a date or time is out of range',
  '22021': 'a text holds a character that cannot be stored',
  '22P02': 'a value has the wrong form',
  '22P05': 'a text holds a character that cannot be stored',
  '23502': 'a required value is missing',
  '23514': 'a value breaks a rule',
}

const UNIQUE = '23505'

/** Whether a statement failed because a value that must be unique is somebody's already. */
export const isTaken = (error: unknown): boolean => (error as { code?: string }).code === UNIQUE

/** Conflicts that go away (serialization, deadlock, lock timeout), a statement that took too long, a server that starts,
 *  stops, is full or read-only, and what the driver and the pool say when there is no connection. */
const TRANSIENT = new Set([
  ...[
    '40001',
    '40P01',
    '55P03',
    '57014',
    '57P01',
    '57P02',
    '57P03',
    '57P05',
    '53000',
    '53100',
    '53200',
    '53300',
    '53400',
    '25006',
    '25P03',
    '25P04',
    '58030',
  ],
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'],
])

// The driver has no codes for these, and knex may put the statement in front, which may be any text: hence the end.
// Sources: pg's client.js and connection.js, knex's client.js and timeout.js.
const NO_CONNECTION =
  /(?:^| - )(?:Connection terminated(?: unexpectedly| due to connection timeout)?|Connection ended unexpectedly|Client has encountered a connection error and is not queryable|Client was closed and is not queryable|timeout expired|Query read timeout)$|^Knex: Timeout acquiring/

// knex puts the statement in front of the server's text, and that may be anything: hence the anchor at the end.
const STILL_REFERRED = /update or delete on table "[^"]+" violates foreign key constraint "[^"]+" on table "[^"]+"$/

const isDatabaseError = (error: unknown): error is DatabaseError =>
  error instanceof Error && typeof (error as { code?: unknown }).code === 'string'

function sourceOf({ at, relationship }: ConstraintMeaning): { source?: ErrorSource } {
  if (relationship !== undefined) return { source: atRelationship(relationship) }
  return at === undefined ? {} : { source: atAttribute(at) }
}

function unavailable(cause: unknown): AppError {
  return new AppError('unavailable', {
    detail: 'The database cannot serve the request right now. Try again.',
    headers: { 'Retry-After': '1' },
    cause,
  })
}

/** A key that is absent (insert, update) or still in use (delete): one SQLSTATE, told apart by the server's text alone. */
function foreignKey(error: DatabaseError, meaning: ConstraintMeaning): AppError {
  const { detail } = meaning
  if (error.code === '23001' || STILL_REFERRED.test(error.message)) {
    const fallback = 'Other resources still refer to this one. Delete them first, or have them refer to another.'
    // The meaning speaks of the referring row, which is not what the caller deletes.
    return new AppError(meaning.kind ?? 'locked', { detail: fallback, cause: error })
  }
  const name = meaning.relationship ?? meaning.at
  const fallback = name === undefined ? 'A resource that this one refers to does not exist.' : `${name} does not exist`
  return new AppError(meaning.kind ?? 'not_found', { detail: detail ?? fallback, ...sourceOf(meaning), cause: error })
}

function unique(error: DatabaseError, meaning: ConstraintMeaning): AppError {
  const name = meaning.relationship ?? meaning.at
  const fallback = name === undefined ? 'has already been taken' : `${name} - has already been taken`
  const detail = meaning.detail ?? fallback
  return new AppError(meaning.kind ?? 'taken', {
    detail,
    meta: { error: 'taken' },
    ...sourceOf(meaning),
    cause: error,
  })
}

function invalid(error: DatabaseError, meaning: ConstraintMeaning, why: string): AppError {
  const name = meaning.relationship ?? meaning.at
  const fallback = name === undefined ? why : `${name} - is invalid`
  const detail = meaning.detail ?? fallback
  return new AppError(meaning.kind ?? 'invalid', {
    detail,
    meta: { error: 'invalid' },
    ...sourceOf(meaning),
    cause: error,
  })
}

/** An error of the database, its driver or its pool as an AppError, by SQLSTATE and by the name of the constraint.
 *  What is not from there is undefined; what is not known is `internal`. The server's own text stays in `cause`.
 *  Source: PostgreSQL documentation, appendix A. */
export function fromDatabase(error: unknown, constraints: ConstraintNames = CONSTRAINTS): AppError | undefined {
  if (error instanceof AppError) return error
  if (!isDatabaseError(error)) {
    return error instanceof Error && NO_CONNECTION.test(error.message) ? unavailable(error) : undefined
  }
  const { code, constraint } = error
  if (TRANSIENT.has(code) || /^08...$/.test(code)) return unavailable(error)
  const meaning = (constraint !== undefined && Object.hasOwn(constraints, constraint) && constraints[constraint]) || {}
  if (code === UNIQUE || code === '23P01') return unique(error, meaning)
  if (code === '23503' || code === '23001') return foreignKey(error, meaning)
  const why = INVALID[code]
  if (why !== undefined) return invalid(error, meaning, why)
  if (meaning.kind !== undefined) return new AppError(meaning.kind, { ...meaningText(meaning), cause: error })
  return /^[0-9A-Z]{5}$/.test(code) ? new AppError('internal', { cause: error }) : undefined
}

function meaningText(meaning: ConstraintMeaning): { detail?: string; source?: ErrorSource } {
  return { ...(meaning.detail === undefined ? {} : { detail: meaning.detail }), ...sourceOf(meaning) }
}
