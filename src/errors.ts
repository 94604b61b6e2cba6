/** What a kind of error says on both planes. `code`/`title` are JSON:API's; `oauth` is the RFC 6749 §5.2 name. */
interface KindEntry {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly oauth: string
}

const entry = (status: number, code: string, title: string, oauth = 'invalid_request'): KindEntry => ({
  status,
  code,
  title,
  oauth,
})

/** The closed table of error kinds. Sources: CONTRACT 2.6 and 5.2, DECISIONS 6, RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1,
 *  RFC 8628 §3.5, RFC 8707 §2, RFC 9101 §6, OpenID Connect Core §3.1.2.6. */
export const KINDS = {
  malformed: entry(400, 'BAD_REQUEST', 'Bad request'),
  invalid_grant: entry(400, 'BAD_REQUEST', 'invalid_grant', 'invalid_grant'),
  invalid_scope: entry(400, 'BAD_REQUEST', 'invalid_scope', 'invalid_scope'),
  unauthorized_client: entry(400, 'BAD_REQUEST', 'unauthorized_client', 'unauthorized_client'),
  unsupported_grant_type: entry(400, 'BAD_REQUEST', 'unsupported_grant_type', 'unsupported_grant_type'),
  unsupported_response_type: entry(400, 'BAD_REQUEST', 'unsupported_response_type', 'unsupported_response_type'),
  invalid_target: entry(400, 'BAD_REQUEST', 'invalid_target', 'invalid_target'),
  access_denied: entry(400, 'BAD_REQUEST', 'access_denied', 'access_denied'),
  authorization_pending: entry(400, 'BAD_REQUEST', 'authorization_pending', 'authorization_pending'),
  slow_down: entry(400, 'BAD_REQUEST', 'slow_down', 'slow_down'),
  expired_token: entry(400, 'BAD_REQUEST', 'expired_token', 'expired_token'),
  invalid_request_uri: entry(400, 'BAD_REQUEST', 'invalid_request_uri', 'invalid_request_uri'),
  request_not_supported: entry(400, 'BAD_REQUEST', 'request_not_supported', 'request_not_supported'),
  request_uri_not_supported: entry(400, 'BAD_REQUEST', 'request_uri_not_supported', 'request_uri_not_supported'),
  login_required: entry(400, 'BAD_REQUEST', 'login_required', 'login_required'),
  consent_required: entry(400, 'BAD_REQUEST', 'consent_required', 'consent_required'),
  interaction_required: entry(400, 'BAD_REQUEST', 'interaction_required', 'interaction_required'),
  invalid_assertion: entry(400, 'BAD_REQUEST', 'invalid_assertion', 'invalid_assertion'),
  unauthenticated: entry(401, 'INVALID_TOKEN', 'Invalid token', 'invalid_token'),
  invalid_client: entry(401, 'UNAUTHORIZED', 'invalid_client', 'invalid_client'),
  forbidden: entry(403, 'FORBIDDEN', 'Access denied', 'access_denied'),
  insufficient_scope: entry(403, 'FORBIDDEN', 'Insufficient scope', 'insufficient_scope'),
  may_not_revoke: entry(403, 'FORBIDDEN', 'unauthorized_client', 'unauthorized_client'),
  not_found: entry(404, 'RECORD_NOT_FOUND', 'Record not found'),
  no_route: entry(404, 'NOT_FOUND', 'Not found'),
  method_not_allowed: entry(405, 'METHOD_NOT_ALLOWED', 'Method not allowed'),
  not_acceptable: entry(406, 'NOT_ACCEPTABLE', 'Not acceptable'),
  conflict: entry(409, 'CONFLICT', 'Conflict'),
  taken: entry(409, 'RECORD_NOT_UNIQUE', 'has already been taken'),
  last_owner: entry(409, 'LAST_OWNER', 'The last owner cannot be lost'),
  type_mismatch: entry(409, 'TYPE_MISMATCH', 'Type mismatch'),
  key_mismatch: entry(409, 'KEY_NOT_INCLUDED_IN_URL', 'Key is not included in URL'),
  precondition_failed: entry(412, 'PRECONDITION_FAILED', 'Precondition failed'),
  too_large: entry(413, 'PAYLOAD_TOO_LARGE', 'Payload too large'),
  unsupported_media: entry(415, 'UNSUPPORTED_MEDIA_TYPE', 'Unsupported media type'),
  invalid: entry(422, 'VALIDATION_ERROR', 'is invalid'),
  locked: entry(423, 'LOCKED', 'Locked'),
  too_many: entry(429, 'TOO_MANY_REQUESTS', 'Too many requests', 'temporarily_unavailable'),
  internal: entry(500, 'INTERNAL_SERVER_ERROR', 'Internal server error', 'server_error'),
  unavailable: entry(503, 'SERVICE_UNAVAILABLE', 'Service unavailable', 'temporarily_unavailable'),
} as const satisfies Record<string, KindEntry>

export type ErrorKind = keyof typeof KINDS

/** Where in the request the fault is (JSON:API 1.1, "Error Objects", `source`). */
export type ErrorSource = { pointer: string } | { parameter: string } | { header: string }

/** One problem. Everything in it is public. `code` and `title` replace the kind's own where the contract has a finer word. */
export interface Issue {
  detail: string
  title?: string
  code?: string
  source?: ErrorSource
  meta?: Record<string, unknown>
}

interface AppErrorOptions extends Partial<Issue> {
  /** Several problems at once; each becomes an entry of `errors`. */
  issues?: readonly Issue[]
  /** Private: logged, never sent. */
  cause?: unknown
  /** Response headers that belong to the refusal, e.g. `Retry-After` (seconds) or `Allow`. */
  headers?: Record<string, string>
}

/** The only error that parts of Gatehouse throw on purpose: a kind, public issues, a private cause. */
export class AppError extends Error {
  readonly kind: ErrorKind
  readonly issues: readonly Issue[]
  readonly headers: Record<string, string>

  constructor(kind: ErrorKind, options: AppErrorOptions = {}) {
    const { issues, cause, headers, ...issue } = options
    const all = issues ?? [{ ...issue, detail: issue.detail ?? KINDS[kind].title }]
    super(all.map((one) => one.detail).join('; '), cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.kind = kind
    this.issues = all
    this.headers = headers ?? {}
  }

  /** HTTP status of the answer. */
  get status(): number {
    return KINDS[this.kind].status
  }
}

/** One step of a JSON pointer: names in it may hold anything. Source: RFC 6901 §3. */
export const pointerStep = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** A `source` that points at an attribute of the request document. */
export const atAttribute = (name: string): ErrorSource => ({ pointer: `/data/attributes/${pointerStep(name)}` })

/** A `source` that points at a relationship of the request document. */
export const atRelationship = (name: string): ErrorSource => ({ pointer: `/data/relationships/${pointerStep(name)}` })

/** A `source` that names a query parameter. */
export const atParameter = (parameter: string): ErrorSource => ({ parameter })

/** One failed rule of a field, in the contract's words: detail is `name - title`, `meta.error` the rule's symbol.
 *  Source: CONTRACT 2.6. */
export function violation(options: {
  name: string
  title: string
  error: string
  source?: ErrorSource
  meta?: Record<string, unknown>
}): Issue {
  const { name, title, error, source = atAttribute(name), meta = {} } = options
  return { title, detail: `${name} - ${title}`, source, meta: { error, ...meta } }
}

/** The answer for a row that is absent or that the caller may not see: one text for both, so that it is no oracle. */
export const recordNotFound = (): AppError =>
  new AppError('not_found', { detail: 'The requested record does not exist, or you may not see it.' })
