import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from './engine.js'

// jest loads this file as CommonJS without the name mapping that the specs have.
const load = createRequire(import.meta.url)
const { build } = load('./build.ts') as typeof import('./build.js')
const { startEngine } = load('./engine.ts') as typeof import('./engine.js')

declare global {
  var gatehouseSpecEngine: Engine | undefined
}

const MEMORY = '/dev/shm'
const PREFIX = 'gatehouse-spec-'
const ENOUGH_BYTES = 3 * 2 ** 30
const HOURS_MS = 2 * 3_600_000

/** Where the run keeps its databases: in memory if there is plenty, since each commit of an embedded engine waits for its
 *  disk. Processes of the specs' own that are told no TMPDIR stay on the disk. */
function runFolder(): string {
  let parent = tmpdir()
  try {
    const { bavail, bsize } = statfsSync(MEMORY)
    if (process.platform === 'linux' && bavail * bsize > ENOUGH_BYTES) parent = MEMORY
  } catch {
    // There is no such thing here.
  }
  if (parent === MEMORY) forgetOld()
  const folder = mkdtempSync(join(parent, PREFIX))
  // PostgreSQL may run as somebody else.
  chmodSync(folder, 0o755)
  return folder
}

/** Memory that runs left behind which were killed. */
function forgetOld(): void {
  for (const name of readdirSync(MEMORY).filter((one) => one.startsWith(PREFIX))) {
    const path = join(MEMORY, name)
    if (statSync(path).mtimeMs < Date.now() - HOURS_MS) rmSync(path, { recursive: true, force: true })
  }
}

/** Before the whole run: compile, start the one database server, migrate it, tell the workers where it is. */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default async function globalSetup(globalConfig: {
  maxWorkers: number
  testPathPatterns?: { patterns?: readonly string[] }
}): Promise<void> {
  // A run of a few named files is over before a second engine would have paid for its start.
  const whole = (globalConfig.testPathPatterns?.patterns ?? []).length === 0
  build(process.cwd())
  const folder = runFolder()
  process.env.TMPDIR = folder
  try {
    globalThis.gatehouseSpecEngine = await startEngine({ folder, whole, count: whole ? globalConfig.maxWorkers : 1 })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}
