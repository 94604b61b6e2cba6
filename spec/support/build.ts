import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const newest = (folder: string): number =>
  Math.max(
    0,
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name))
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  )

const ageOf = (folder: string): number => {
  try {
    return newest(folder)
  } catch {
    return 0
  }
}

/** Compiles src/ to dist/ if it has changed: the embedded engine and the specs' own processes run compiled files.
 *  Faults of types are the business of `npm run check`. */
export function build(root: string): void {
  const run = (...parameters: string[]) => execFileSync(process.execPath, parameters, { cwd: root, stdio: 'ignore' })
  try {
    if (ageOf(join(root, 'dist')) <= ageOf(join(root, 'src')))
      run(join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json')
  } catch (error) {
    if (ageOf(join(root, 'dist')) === 0) throw error
  }
  run(join(root, 'dist/db/make-template.js'))
}
