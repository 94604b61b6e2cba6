import { setFlagsFromString } from 'node:v8'
import { readConfig } from '../config.js'
import type { Surroundings } from './environment.js'
import { isMissing, startEngine } from './starting.js'

/** By how much what requests leave behind may let the heap grow before all of it is collected, in per cent of what is
 *  in use. V8 would let 30 MB become 90: a worker that answers lists takes 145 MB and not 190, for a tenth more time of
 *  the largest answers. */
const HEAP_GROWTH = 60

/** `gatehouse serve`: migrates, makes keys, listens; a new embedded database gets the demo. Stops gently on a signal.
 *  The embedded engine takes its time in a process of its own, so it is started before all that can wait is even read. */
export async function serve(around: Surroundings): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`)
  const config = readConfig(around.env)
  const isFirst = isMissing(config)
  const engine = startEngine(config)
  const { serving } = await import('./serving.js')
  return serving(around, { config, engine, isFirst })
}
