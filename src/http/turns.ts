import type { NextFunction, Request, RequestHandler, Response } from 'express'

/** So long may what changes something begin in one turn of the event loop; of what comes later, one in each further turn. */
const TURN_MS = 4

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Lets what changes something begin in turn where it comes in crowds: two hundred sign-ins that arrive in one piece would
 *  be read, checked and refused in one piece, and whoever only reads would wait for all of them. Source: ATTACKS S7 */
export function writesInTurn(): RequestHandler {
  const waiting: (() => void)[] = []
  let since: number | undefined
  const turn = (): void => {
    const next = waiting.shift()
    since = next === undefined ? undefined : Number.NEGATIVE_INFINITY
    if (next === undefined) return
    setImmediate(turn)
    next()
  }
  return (req: Request, res: Response, next: NextFunction) => {
    if (READS.has(req.method)) {
      next()
      return
    }
    if (since === undefined) {
      since = performance.now()
      setImmediate(turn)
    } else if (performance.now() - since > TURN_MS) {
      // Who has left meanwhile, or was answered that it took too long, does not begin.
      waiting.push(() => void (!res.headersSent && !res.destroyed && next()))
      return
    }
    next()
  }
}
