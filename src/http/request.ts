import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import type { Principal } from '../access/principal.js'
import { AppError } from '../errors.js'
import type { AccessClaims } from '../tokens/claims.js'

/** What the service knows of one request beside what express says. */
export interface RequestState {
  /** Stands in the answer, in the log lines and in `versions`. */
  readonly id: string
  /** Milliseconds of the monotonic clock. */
  readonly startedAt: number
  /** Of the request's span, where traces are made. */
  traceId?: string
  /** Where it comes from, once http/client-address has looked. */
  address?: string
  /** As whom that address is limited. */
  network?: string
  /** Who calls, once http/bearer has verified the token. */
  principal?: Principal
  /** What the caller's token says, with it. */
  claims?: AccessClaims
  /** Which client has proved itself at an OAuth endpoint, where there is no principal. */
  client?: { readonly applicationId: string; readonly organizationId: string | undefined }
  /** What was asked for at the token endpoint, and what came of it if not a token: words of RFC 6749. */
  grant?: string
  outcome?: string
  /** Path under which the router that took the request is mounted. */
  mount?: string
  /** Whether the deadline has answered: what comes later comes to nobody. */
  overdue?: boolean
  /** Code of the error that was answered, for the access log. */
  errorCode?: string
  /** What is to be done when the answer is out or the client has gone. */
  readonly atClose: (() => void)[]
}

// On the request itself: a WeakMap with thousands of short-lived keys a second is work for the collector.
const STATE = Symbol('state')
type Stated = IncomingMessage & { [STATE]?: RequestState }

const ACCEPTED_ID = /^[A-Za-z0-9._-]{1,64}$/

/** Gives the request its id: the caller's `X-Request-Id` where it is harmless to repeat, else a new one; echoes it. */
export function beginRequest(req: Request, res: Response, next: NextFunction): void {
  const sent = req.headers['x-request-id']
  const id = typeof sent === 'string' && ACCEPTED_ID.test(sent) ? sent : randomUUID()
  const stated: Stated = req
  const state: RequestState = { id, startedAt: performance.now(), atClose: [] }
  stated[STATE] = state
  // One listener for all: each costs as much as a line of the log.
  res.on('close', () => {
    for (const work of state.atClose) work()
  })
  res.setHeader('X-Request-Id', id)
  next()
}

/** The state of a request that passed `beginRequest`.
 *  @throws Error (a fault of the wiring, not of the caller) otherwise */
export function stateOf(req: IncomingMessage): RequestState {
  const state = (req as Stated)[STATE]
  if (!state) throw new Error('This request did not pass beginRequest: mount it first in app.ts.')
  return state
}

/** Does `work` when the answer is out or the client has gone: in the order of asking, once. */
export const atClose = (req: IncomingMessage, work: () => void): void => void stateOf(req).atClose.push(work)

/** The id of a request. */
export const requestIdOf = (req: IncomingMessage): string => stateOf(req).id

/** Who calls.
 *  @throws AppError unauthenticated if the request did not pass http/bearer */
export function principalFor(req: IncomingMessage): Principal {
  const { principal } = stateOf(req)
  if (!principal) throw new AppError('unauthenticated')
  return principal
}

/** As whom the caller's address is limited, e.g. `192.0.2.7` or `2001:db8:0:1::/64`.
 *  @throws Error (a fault of the wiring) if the request did not pass http/client-address */
export function networkFor(req: IncomingMessage): string {
  const { network } = stateOf(req)
  if (network === undefined) throw new Error('This request did not pass noteAddress: mount it in app.ts.')
  return network
}
