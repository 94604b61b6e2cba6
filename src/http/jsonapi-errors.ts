import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express'
import type { Logger } from 'pino'
import { fromDatabase } from '../db/errors.js'
import { AppError, type Issue, KINDS } from '../errors.js'
import { JSON_API } from './negotiate.js'
import { stateOf } from './request.js'

const RETRY_SECONDS = '1'
const CHALLENGE = 'Bearer realm="gatehouse"'

/** One entry of `errors`. Source: CONTRACT 2.6; JSON:API 1.1 "Error Objects": `status` is a string. */
function entryOf(error: AppError, issue: Issue): Record<string, unknown> {
  const { status, code, title } = KINDS[error.kind]
  return {
    title: issue.title ?? title,
    detail: issue.detail,
    code: issue.code ?? code,
    ...(issue.source ? { source: issue.source } : {}),
    status: String(status),
    ...(issue.meta ? { meta: issue.meta } : {}),
  }
}

/** Any thrown value as an AppError: our own as it is, the database's by its constraint, all else `internal`. */
function appErrorOf(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const known = fromDatabase(thrown)
  return known ?? new AppError('internal', { cause: thrown })
}

/** Our faults carry the request id and a fixed text, whatever was thrown. */
function publicIssues(error: AppError, requestId: string): readonly Issue[] {
  if (error.kind !== 'internal') return error.issues
  return [{ detail: 'Something went wrong on our side. Quote the request id.', meta: { request_id: requestId } }]
}

/** Headers of the refusal, with those that its status always carries. Source: RFC 9110 §15.5.2, §15.6.4. */
function headersOf(error: AppError): Record<string, string> {
  return {
    ...(error.status === 401 ? { 'WWW-Authenticate': CHALLENGE } : {}),
    ...(error.status === 503 ? { 'Retry-After': RETRY_SECONDS } : {}),
    ...error.headers,
  }
}

function logFault(log: Logger, error: AppError, requestId: string): void {
  // What the caller did wrong stands in the access log line; only what someone must act on is logged here.
  if (error.status < 500) return
  log.error({ request_id: requestId, err: error.cause ?? error }, 'a request failed')
}

/** The one place that writes an error of the JSON:API plane (and of everything that is not OAuth).
 *  Source: DESIGN 3.9; CHECKLISTS JA-31 to JA-33. */
export function createJsonApiErrors(log: Logger): ErrorRequestHandler {
  return (thrown: unknown, req: Request, res: Response, next: NextFunction) => {
    // Half an answer cannot be taken back: express ends the connection, so that the client sees it is broken.
    if (res.headersSent) {
      if (!stateOf(req).overdue) next(thrown)
      return
    }
    const error = appErrorOf(thrown)
    const state = stateOf(req)
    logFault(log, error, state.id)
    const errors = publicIssues(error, state.id).map((issue) => entryOf(error, issue))
    state.errorCode = String(errors[0]?.code)
    res.status(error.status).set(headersOf(error))
    // Not res.json: express would add a charset, and the media type must stand bare (JA-01).
    res.setHeader('Content-Type', JSON_API)
    res.end(JSON.stringify({ errors }))
  }
}
