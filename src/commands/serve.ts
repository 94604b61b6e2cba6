import { readConfig } from '../config.js'
import type { Surroundings } from './environment.js'
import { isMissing, startEngine } from './starting.js'

/** `gatehouse serve`: migrates, makes keys, listens; a new embedded database gets the demo. Stops gently on a signal.
 *  The embedded engine takes its time in a process of its own, so it is started before all that can wait is even read. */
export async function serve(around: Surroundings): Promise<void> {
  const config = readConfig(around.env)
  const isFirst = isMissing(config)
  const engine = startEngine(config)
  const { serving } = await import('./serving.js')
  return serving(around, { config, engine, isFirst })
}
