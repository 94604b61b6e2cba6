import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { preparedDataDir } from '../support/database.js'
import { freePort } from '../support/free-port.js'

async function answers(port: number): Promise<number> {
  const until = Date.now() + 120_000
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}/health`).then(
      (answer) => answer.status,
      () => 0,
    )
    if (status === 200 || Date.now() > until) return status
    await new Promise((later) => setTimeout(later, 100))
  }
}

/** Starts the service by a shell line in which `$serve` is the command. */
async function started(line: string, env: Record<string, string> = {}) {
  const folder = preparedDataDir('migrated')
  const port = await freePort()
  const serve = `${process.execPath} ${join(process.cwd(), 'dist/main.js')} serve`
  const child: ChildProcess = spawn('sh', ['-c', `exec ${line.replace('$serve', serve)}`], {
    env: { PATH: process.env.PATH ?? '', PORT: String(port), DATA_DIR: folder.path, BCRYPT_COST: '4', ...env },
  })
  const ended = once(child, 'exit')
  return {
    child,
    port,
    async stop() {
      child.kill('SIGTERM')
      child.kill('SIGTERM')
      const [code] = await ended
      folder.remove()
      return code
    },
  }
}

test.each([['$serve > /dev/full 2> /dev/full'], ['$serve >&- 2>&-']])(
  'F10 the service goes on where its log cannot be written: %s',
  async (line) => {
    const { port, stop } = await started(line, { LOG_LEVEL: 'trace' })
    for (let turn = 0; turn < 20; turn += 1) expect(await answers(port)).toBe(200)
    expect(await stop()).toBe(0)
  },
  300_000,
)

test('F10, F12 the service goes on when whoever read its output has gone, and still ends with 0', async () => {
  const { child, port, stop } = await started('$serve', { LOG_LEVEL: 'trace' })
  expect(await answers(port)).toBe(200)
  child.stdout?.destroy()
  child.stderr?.destroy()
  for (let turn = 0; turn < 20; turn += 1) expect(await answers(port)).toBe(200)
  expect(await stop()).toBe(0)
}, 300_000)
