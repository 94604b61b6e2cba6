import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from '../version.js'
import { connectToEngine } from './connect.js'
import { startEmbedded } from './embedded.js'
import { migrate } from './migrate.js'
import { MADE_OF, TEMPLATE, templateKey } from './template.js'

// Run by the build: node dist/db/make-template.js. Makes what db/template.ts copies, and keeps it between builds.

const CACHE = fileURLToPath(new URL('node_modules/.cache/gatehouse', PACKAGE_ROOT))
const log = (): void => undefined

async function makeIn(dataDir: string): Promise<void> {
  const engine = await startEmbedded({ dataDir, log, fromTemplate: false })
  try {
    const db = connectToEngine(engine, { dataDir, poolSize: 1, log })
    await migrate(db).finally(() => db.close())
  } finally {
    await engine.close()
  }
}

async function kept(key: string): Promise<string> {
  const path = join(CACHE, key)
  if (existsSync(path)) return path
  mkdirSync(CACHE, { recursive: true })
  const old = readdirSync(CACHE).filter((name) => name.startsWith('embedded-'))
  const making = mkdtempSync(join(CACHE, 'making-'))
  await makeIn(making)
  writeFileSync(join(making, MADE_OF), key)
  // Where another build was quicker, its own is as good.
  if (existsSync(path)) rmSync(making, { recursive: true, force: true })
  else renameSync(making, path)
  for (const name of old) rmSync(join(CACHE, name), { recursive: true, force: true })
  return path
}

/** It holds no secret, and who runs the service is seldom who has built it. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else chmodSync(path, 0o644)
  }
}

async function main(): Promise<void> {
  const key = templateKey()
  const from = await kept(key)
  rmSync(TEMPLATE, { recursive: true, force: true })
  cpSync(from, TEMPLATE, { recursive: true })
  openToAll(TEMPLATE)
}

try {
  await main()
} catch (error) {
  // Nothing hangs on it but some seconds of the first start, which makes its database itself then.
  process.stderr.write(`The embedded database of the first start was not made: ${(error as Error).message}\n`)
}
