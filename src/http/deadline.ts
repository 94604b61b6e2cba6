import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { AppError } from '../errors.js'
import { stateOf } from './request.js'

const overdue = (): AppError =>
  new AppError('unavailable', {
    detail: 'This took too long. It may have been done all the same: look before you repeat it.',
    // What is still under way may end later: nothing else is to be read on this connection.
    headers: { 'Retry-After': '1', Connection: 'close' },
  })

/** Answers 503 for a request that is not answered after `ms`, whatever it waits for. A sender who is slow is not late: the
 *  server cuts those (server.ts). Source: ATTACKS F4 */
export function answerInTime(ms: number): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    const look = (): void => {
      if (res.headersSent) return
      if (!req.complete) {
        timer.refresh()
        return
      }
      stateOf(req).overdue = true
      next(overdue())
    }
    const timer = setTimeout(look, ms)
    res.once('close', () => clearTimeout(timer))
    next()
  }
}
