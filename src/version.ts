import { readFileSync } from 'node:fs'

/** The top of the package, the same from `src/` and from `dist/`: holds package.json, migrations and openapi.yaml. */
export const PACKAGE_ROOT = new URL('..', import.meta.url)

const manifest: { version: string } = JSON.parse(readFileSync(new URL('package.json', PACKAGE_ROOT), 'utf8'))

/** The version of this Gatehouse, from package.json. */
export const VERSION: string = manifest.version
