import type { ErrorRequestHandler } from 'express'
import type { Logger } from 'pino'
import { fromDatabase } from '../db/errors.js'
import { AppError, KINDS } from '../errors.js'
import { stateOf } from './request.js'

const FAULT = 'Something went wrong on our side. Quote the request id.'

/** RFC 6749 §5.2 allows %x20-21 / %x23-5B / %x5D-7E and nothing else. */
const plain = (text: string): string => text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')

/** Any thrown value as an AppError. An unexpected one keeps its message to itself: it may be a SQL text. */
function appErrorOf(thrown: unknown): AppError {
  const error = thrown instanceof AppError ? thrown : fromDatabase(thrown)
  if (error && error.status !== 500) return error
  return new AppError('internal', { detail: FAULT, cause: error?.cause ?? thrown })
}

function bodyOf(error: AppError, requestId: string) {
  const { status, code, oauth } = KINDS[error.kind]
  const trace = status >= 500 ? { request_id: requestId } : {}
  return {
    error: oauth,
    error_description: plain(error.message),
    errors: error.issues.map((issue) => ({
      title: issue.title ?? oauth,
      detail: issue.detail,
      code: issue.code ?? code,
      status,
      meta: { ...trace, ...issue.meta },
    })),
  }
}

/** Makes the one place that writes an OAuth error: the RFC's form and the contract's, in one body.
 *  Source: RFC 6749 §5.2; CONTRACT 5.2; DECISIONS 4 */
export function createOAuthErrors(log: Pick<Logger, 'warn' | 'error'>): ErrorRequestHandler {
  return (thrown, req, res, next) => {
    // Half an answer cannot be taken back: express ends the connection, so that the client sees it is broken.
    if (res.headersSent) {
      if (!stateOf(req).overdue) next(thrown)
      return
    }
    const error = appErrorOf(thrown)
    const state = stateOf(req)
    const body = bodyOf(error, state.id)
    state.outcome = body.error
    state.errorCode = String(body.errors[0]?.code)
    if (error.status >= 500) log.error({ request_id: state.id, err: error.cause ?? error }, 'a token request failed')
    // Somebody holds a token that is not theirs (RFC 7009 §2.1): worth more than a line of the access log.
    if (error.kind === 'may_not_revoke')
      log.warn({ request_id: state.id }, 'a client tried to revoke a token of another')
    res.status(error.status).set({
      ...(error.status === 503 ? { 'Retry-After': '1' } : {}),
      ...error.headers,
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
      'Content-Type': 'application/json;charset=utf-8',
    })
    res.end(JSON.stringify(body))
  }
}
