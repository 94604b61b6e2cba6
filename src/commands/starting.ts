import type { Config } from '../config.js'
import { type EmbeddedEngine, isNewDirectory, startEmbedded } from '../db/embedded.js'

/** Whether a new embedded database would be made. */
export const isMissing = ({ databaseUrl, dataDir }: Config): boolean =>
  databaseUrl === undefined && isNewDirectory(dataDir)

/** Starts the embedded engine, if the configuration names no other database. What becomes of it later, it tells on stderr. */
export function startEngine({ databaseUrl, dataDir }: Config): Promise<EmbeddedEngine> | undefined {
  if (databaseUrl) return undefined
  const engine = startEmbedded({ dataDir, log: (message) => void process.stderr.write(`${message}\n`) })
  // Whoever waits for it is told.
  engine.catch(() => undefined)
  return engine
}
