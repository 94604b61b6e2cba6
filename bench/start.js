// Installs what the bench compares with, where it is missing, and runs it. Peers are dependencies of bench/ alone.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
if (!existsSync(join(here, 'node_modules'))) {
  execFileSync('npm', ['ci', '--no-audit'], { cwd: here, stdio: ['ignore', 2, 2] })
}
await import('./run.js')
