import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { AppError } from '../errors.js'
import { stateOf } from './request.js'

const overdue = (): AppError =>
  new AppError('unavailable', {
    detail: 'This took too long. It may have been done all the same: look before you repeat it.',
    // What is still under way may end later: nothing else is to be read on this connection.
    headers: { 'Retry-After': '1', Connection: 'close' },
  })

/** From here on a request looks whether the database is silent, and how often. */
const PATIENCE_MS = 4_500
const LOOK_MS = 250

interface Deadline {
  /** After so long it is over, whatever is waited for. */
  readonly ms: number
  /** Whether the database is known to say nothing: then there is nothing to wait for. */
  readonly isSilent?: () => boolean
}

/** Answers 503 for a request that is not answered in time: after `ms`, or after five seconds where the database is silent.
 *  A sender who is slow is not late: the server cuts those (server.ts). Source: ATTACKS F4 */
export function answerInTime({ ms, isSilent = () => false }: Deadline): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    let began = performance.now()
    let silentLooks = 0
    let timer: NodeJS.Timeout
    const lookAfter = (wait: number): void => {
      timer = setTimeout(look, wait)
    }
    const look = (): void => {
      if (res.headersSent) return
      if (!req.complete) {
        began = performance.now()
        lookAfter(Math.min(ms, PATIENCE_MS))
        return
      }
      const left = began + ms - performance.now()
      // Twice, so that a process that was busy itself has read what came meanwhile.
      silentLooks = isSilent() ? silentLooks + 1 : 0
      if (left > 0 && silentLooks < 2) {
        lookAfter(Math.min(LOOK_MS, left))
        return
      }
      stateOf(req).overdue = true
      next(overdue())
    }
    lookAfter(Math.min(ms, PATIENCE_MS))
    res.once('close', () => clearTimeout(timer))
    next()
  }
}
