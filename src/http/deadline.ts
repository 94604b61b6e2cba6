import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { AppError } from '../errors.js'
import { atClose, stateOf } from './request.js'

const overdue = (): AppError =>
  new AppError('unavailable', {
    detail: 'This took too long. It may have been done all the same: look before you repeat it.',
    // What is still under way may end later: nothing else is to be read on this connection.
    headers: { 'Retry-After': '1', Connection: 'close' },
  })

/** From here on a request looks whether the database is silent, and how often. */
const PATIENCE_MS = 4_300
const LOOK_MS = 250
/** What is due so soon is looked at now, not a beat later. */
const SOON_MS = 10

interface Deadline {
  /** After so long it is over, whatever is waited for. */
  readonly ms: number
  /** Whether the database is known to say nothing: then there is nothing to wait for. */
  readonly isSilent?: () => boolean
}

/** A request that is waited for. Times are of `performance.now()`. */
interface Waiting {
  readonly req: Request
  readonly res: Response
  readonly next: NextFunction
  began: number
  nextLook: number
  silentLooks: number
  /** Where it stands among all; -1 when it does not. */
  place: number
}

/** All that are waited for. Not a Set: one that is added to and taken from makes ever new tables, an old one keeps what it
 *  held and points to the next, and once one of them is old in V8's eyes, all that follow grow old with their requests. They
 *  were a third of a token's time, and its slowest answers (docs/performance.md, "The collector"). */
function createCrowd() {
  const all: Waiting[] = []
  return {
    all,
    add(one: Waiting): void {
      one.place = all.push(one) - 1
    },
    remove(one: Waiting): void {
      const last = one.place < 0 ? undefined : all.pop()
      if (last !== undefined && last !== one) {
        all[one.place] = last
        last.place = one.place
      }
      one.place = -1
    },
  }
}

/** Answers 503 for a request that is not answered in time: after `ms`, or after five seconds where the database is silent.
 *  A sender who is slow is not late: the server cuts those (server.ts). Source: ATTACKS F4 */
export function answerInTime({ ms, isSilent = () => false }: Deadline): RequestHandler {
  const patience = Math.min(ms, PATIENCE_MS)
  const crowd = createCrowd()
  const look = (one: Waiting, now: number): void => {
    if (one.res.headersSent) return
    if (!one.req.complete) {
      one.began = now
      one.nextLook = now + patience
      return
    }
    // Twice, so that a process that was busy itself has read what came meanwhile.
    one.silentLooks = isSilent() ? one.silentLooks + 1 : 0
    if (one.began + ms > now && one.silentLooks < 2) {
      one.nextLook = Math.min(now + LOOK_MS, one.began + ms)
      return
    }
    crowd.remove(one)
    stateOf(one.req).overdue = true
    one.next(overdue())
  }
  // One timer for all: nearly every request is answered long before anybody looks at it.
  let beating = false
  const beat = (): void => {
    // First of all: whatever goes wrong with one of them, the others are looked after.
    beating = false
    beatSoon()
    const now = performance.now()
    for (const one of [...crowd.all]) if (one.nextLook <= now + SOON_MS) look(one, now)
  }
  const beatSoon = (): void => {
    if (beating || crowd.all.length === 0) return
    beating = true
    setTimeout(beat, Math.min(LOOK_MS, ms / 4)).unref()
  }
  return (req: Request, res: Response, next: NextFunction) => {
    const began = performance.now()
    const one = { req, res, next, began, nextLook: began + patience, silentLooks: 0, place: -1 }
    crowd.add(one)
    atClose(req, () => crowd.remove(one))
    beatSoon()
    next()
  }
}
