import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A Node process that a spec has started with a script; `lines` grows with what it prints. */
export interface Script {
  readonly pid: number
  readonly lines: string[]
  /** Resolves when a line that starts so has been printed. Fails when the process ends before. */
  said(start: string): Promise<string>
  kill(signal: NodeJS.Signals): Promise<void>
  ended(): Promise<number | null>
}

const ended = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

function spawnModule(body: string, args: readonly string[]) {
  const dist = JSON.stringify(join(process.cwd(), 'dist/'))
  const head = `const args = process.argv.slice(1)
    const load = (file) => import('file://' + ${dist} + file)
    const say = (line) => process.stdout.write(line + '\\n')\n`
  const flags = ['--no-warnings', '--input-type=module', '-e', head + body, '--', ...args]
  return spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Runs the body of an async ES module that may import the compiled `src/` from `dist`, e.g.
 *  `const { connect } = await load('db/connect.js')`. Arguments are in `args`; `say(line)` prints. */
export function runScript(body: string, args: readonly string[] = []): Script {
  const child = spawnModule(body, args)
  const lines: string[] = []
  const waiting: (() => void)[] = []
  let rest = ''
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint = (complaint + text).slice(-4_000)
  })
  child.stdout.on('data', (text) => {
    // Only whole lines count: a killed process may have printed half of one.
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    for (const look of waiting) look()
  })
  const said = (start: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = lines.find((one) => one.startsWith(start))
        if (line !== undefined) resolve(line)
      }
      waiting.push(look)
      child.once('close', () => reject(new Error(`ended without saying ${start}: ${lines.join('\n')} ${complaint}`)))
      look()
    })
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await ended(child)
  }
  return { pid: child.pid ?? 0, lines, said, kill, ended: () => ended(child) }
}
