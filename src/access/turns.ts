import { AppError } from '../errors.js'

/** Requests of one caller that may wait. */
const MOST_WAITING = 200

interface Line {
  running: number
  readonly waiting: (() => void)[]
}

const busy = (): AppError =>
  new AppError('unavailable', {
    detail: 'Too many of your requests are under way at once. Wait until some are answered.',
    headers: { 'Retry-After': '1' },
  })

function waitIn(line: Line, waitMs: number): Promise<void> {
  if (line.waiting.length >= MOST_WAITING) throw busy()
  return new Promise((resolve, reject) => {
    const enter = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      line.waiting.splice(line.waiting.indexOf(enter), 1)
      reject(busy())
    }, waitMs)
    line.waiting.push(enter)
  })
}

/** Lets each caller do `limit` things at a time; the next ones wait in the caller's own line, for `waitMs` at most. So nobody can take all
 *  connections of the pool, and whoever asks for little is not behind those who ask for much (ATTACKS J15, F6).
 *  @throws AppError unavailable for a caller whose line is too long or too slow */
export function createTurns({ limit, waitMs }: { limit: number; waitMs: number }) {
  const lines = new Map<string, Line>()
  return async <T>(caller: string, work: () => Promise<T>): Promise<T> => {
    const line = lines.get(caller) ?? { running: 0, waiting: [] }
    lines.set(caller, line)
    // Whoever waits is handed a turn that is being given up: `running` stays as it is.
    if (line.running >= limit) await waitIn(line, waitMs)
    else line.running += 1
    try {
      return await work()
    } finally {
      const next = line.waiting.shift()
      if (next !== undefined) next()
      else {
        line.running -= 1
        if (line.running === 0) lines.delete(caller)
      }
    }
  }
}
