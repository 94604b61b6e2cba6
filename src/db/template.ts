import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from '../version.js'

const at = (path: string): string => fileURLToPath(new URL(path, PACKAGE_ROOT))

/** The data directory that the build makes: a migrated embedded database, and what it is made of. */
export const TEMPLATE = at('dist/embedded-database')
export const MADE_OF = 'made-of'

function engineVersion(): string {
  const manifest = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

/** What an embedded database is made of: the engine, our migrations and our seeds. */
export function templateKey(): string {
  const hash = createHash('sha256')
  for (const folder of ['migrations', 'seeds'].map(at))
    for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)))
  return `embedded-${engineVersion()}-${hash.digest('hex').slice(0, 12)}`
}

/** Copies the database that the build has made to a new folder: some seconds less than making one.
 *  @returns false where there is none, or one that is made of something else */
export function copyTemplate(to: string): boolean {
  try {
    if (readFileSync(join(TEMPLATE, MADE_OF), 'utf8') !== templateKey()) return false
    cpSync(join(TEMPLATE, 'database'), to, { recursive: true })
    return true
  } catch {
    // Missing, or not for us to read: what has been copied is no database.
    rmSync(to, { recursive: true, force: true })
    return false
  }
}
