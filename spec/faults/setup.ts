import { createRequire } from 'node:module'

// jest loads this file as CommonJS without the name mapping that the specs have.
const { build } = createRequire(import.meta.url)('../support/build.ts') as typeof import('../support/build.js')

/** The faults happen to compiled processes of their own; nothing is shared between the files. */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default function setup(): void {
  build(process.cwd())
}
