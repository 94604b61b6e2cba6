import type { NextFunction, Request, RequestHandler, Response } from 'express'

/** So long may what changes something begin in one turn of the event loop; what comes later waits for further turns. */
const TURN_MS = 4
/** So many may in any case while no crowd signs in: to let those who are not a crowd take turns cost a tenth of a token. */
const TURN_MOST = 32
/** So long may it in each further turn, and so many at most; one while a crowd signs in. */
const LATER_MS = 2
const LATER_MOST = 16

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Lets what changes something begin in turn where it comes in crowds: two hundred sign-ins that arrive in one piece would
 *  be read, checked and refused in one piece, and whoever only reads would wait for all of them. `isCrowd`: whether people
 *  who sign in wait for each other. Source: ATTACKS S7 */
export function writesInTurn({ isCrowd }: { isCrowd: () => boolean }): RequestHandler {
  const waiting: (() => void)[] = []
  let since: number | undefined
  let begun = 0
  // Each in an immediate of its own: what the one before has promised itself is done by then, and its time is known.
  const step = (): void => {
    if (since !== undefined && performance.now() - since < LATER_MS) waiting.shift()?.()
  }
  const turn = (): void => {
    since = waiting.length === 0 ? undefined : performance.now()
    if (since === undefined) return
    setImmediate(turn)
    // A read waits for several turns, of which each is to be short while a crowd signs in.
    const more = isCrowd() ? 0 : Math.min(waiting.length, LATER_MOST) - 1
    for (let at = 0; at < more; at += 1) setImmediate(step)
    step()
  }
  return (req: Request, res: Response, next: NextFunction) => {
    if (READS.has(req.method)) {
      next()
      return
    }
    if (since === undefined) {
      since = performance.now()
      begun = 0
      // A timer runs between turns as an immediate does, and costs one for a millisecond of turns instead of one for each.
      setTimeout(turn, 1)
    } else if (waiting.length > 0 || (performance.now() - since > TURN_MS && (begun >= TURN_MOST || isCrowd()))) {
      // Who has left meanwhile, or was answered that it took too long, does not begin.
      waiting.push(() => void (!res.headersSent && !res.destroyed && next()))
      return
    }
    begun += 1
    next()
  }
}
