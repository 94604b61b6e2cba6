import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A run of the compiled binary. */
export interface Child {
  readonly process: ChildProcess
  /** What it has written to both outputs so far. */
  output(): string
  /** Waits until the output holds `text`. Throws with the output when the process ends or 60 s pass. */
  says(text: string): Promise<void>
  /** Sends a signal and waits for the end.  @returns the exit code, or the signal that ended it */
  stop(signal: NodeJS.Signals): Promise<number | string | null>
}

const WAIT_MS = 60_000

/** Runs `gatehouse` with nothing of this process's environment but PATH. `DIST` is the folder of another build of it. */
export function runGatehouse(parameters: readonly string[], env: Record<string, string>, cwd?: string): Child {
  const entry = join(env.DIST ?? join(process.cwd(), 'dist'), 'main.js')
  const child = spawn(process.execPath, [entry, ...parameters], {
    env: { PATH: process.env.PATH ?? '', ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const ended = once(child, 'close')
  return {
    process: child,
    output: () => output,
    async says(text) {
      const until = Date.now() + WAIT_MS
      while (!output.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > until)
          throw new Error(`it never said "${text}":\n${output}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async stop(signal) {
      child.kill(signal)
      const [code, by] = (await ended) as [number | null, string | null]
      return code ?? by
    },
  }
}

/** Runs a command to its end. */
export async function gatehouse(parameters: readonly string[], env: Record<string, string>) {
  const child = runGatehouse(parameters, env)
  const [code] = (await once(child.process, 'close')) as [number | null]
  return { code, output: child.output() }
}
