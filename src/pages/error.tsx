import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express'
import type { Logger } from 'pino'
import type { VNode } from 'preact'
import { fromDatabase } from '../db/errors.js'
import { AppError, KINDS } from '../errors.js'
import { stateOf } from '../http/request.js'
import { ButtonLink } from './blocks.js'
import { Facts } from './components.js'
import { Document, sendDocument } from './document.js'

/** Where programs call and no browser is sent: a refusal there is never a page, whatever the caller accepts. */
const MACHINES =
  /^\/(?:api|tokeninfo|health|ready|metrics|openapi\.yaml|\.well-known|oauth\/(?!authorize|continue|device|end_session)[^/]*)(?:\/|$)/
const HTML = 'text/html'

/** What happened, in a line that helps; the sentence under it is the error's own. */
const TITLES: Readonly<Record<number, string>> = {
  400: 'That request cannot be read',
  401: 'Sign in first',
  403: 'That is not allowed',
  404: 'There is nothing here',
  405: 'That cannot be done here',
  409: 'That does not go together',
  413: 'That is too large',
  422: 'Something is not right yet',
  423: 'That is locked',
  429: 'Too many tries',
  503: 'Not at the moment',
}

const FAULT =
  'Something went wrong on our side. Try again; if it stays so, tell whoever runs this service the number below.'
const LEADS: Partial<Record<AppError['kind'], string>> = {
  internal: FAULT,
  no_route: 'The address may be mistyped, or the link is not good any more.',
  not_found: 'It does not exist, or it is not yours to see.',
}

/** Any thrown value as an AppError. An unexpected one keeps its message to itself: it may be a SQL text. */
function appErrorOf(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  return fromDatabase(thrown) ?? new AppError('internal', { cause: thrown })
}

/** The page of a refusal. Only what an AppError says in public stands on it. */
export function ErrorPage({ error, requestId }: { readonly error: AppError; readonly requestId: string }): VNode {
  const { status } = error
  const lead = LEADS[error.kind] ?? error.message
  const seconds = status === 429 ? error.headers['Retry-After'] : undefined
  return (
    <Document title={TITLES[status] ?? (status >= 500 ? 'Something went wrong' : KINDS[error.kind].title)} lead={lead}>
      {seconds === undefined ? null : <p>Try again in {seconds} seconds.</p>}
      {status < 500 ? null : <Facts rows={[['Number', <code>{requestId}</code>]]} />}
      <ButtonLink href="/" look="quiet">
        To the start
      </ButtonLink>
    </Document>
  )
}

/** Whether a person is looking: the caller prefers a page to JSON, at an address where there are pages. */
const isForPeople = (req: Request): boolean =>
  !MACHINES.test(req.path) && req.accepts(['application/json', HTML]) === HTML

/** Makes the one place that writes an error as a page. What is not for people goes on to the next mapper. */
export function createPageErrors(log: Pick<Logger, 'error'>): ErrorRequestHandler {
  return (thrown: unknown, req: Request, res: Response, next: NextFunction) => {
    // Half an answer cannot be taken back: express ends the connection, so that the browser sees it is broken.
    if (res.headersSent || !isForPeople(req)) {
      next(thrown)
      return
    }
    const error = appErrorOf(thrown)
    const state = stateOf(req)
    state.errorCode = KINDS[error.kind].code
    if (error.status >= 500) log.error({ request_id: state.id, err: error.cause ?? error }, 'a page failed')
    res.set(error.headers)
    sendDocument(res, { document: ErrorPage({ error, requestId: state.id }), status: error.status })
  }
}
