import { mkdtempSync, rmSync } from 'node:fs'
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

/** Before the whole run: compile, start the one database server, migrate it, tell the workers where it is. */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default async function globalSetup(globalConfig: {
  maxWorkers: number
  testPathPatterns?: { patterns?: readonly string[] }
}): Promise<void> {
  // A run of a few named files is over before a second engine would have paid for its start.
  const whole = (globalConfig.testPathPatterns?.patterns ?? []).length === 0
  build(process.cwd())
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-spec-'))
  try {
    globalThis.gatehouseSpecEngine = await startEngine(folder, whole ? globalConfig.maxWorkers : 1)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}
