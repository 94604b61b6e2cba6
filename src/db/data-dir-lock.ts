import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Who holds a data directory: the engine's process, the Gatehouse process that started it, and the engine's socket folder. */
export interface LockHolder {
  readonly pid: number
  readonly started: string | null
  readonly parentPid: number
  readonly parentStarted: string | null
  readonly socketDir: string
}

const POLL_MS = 50
const SETTLE_MS = 100

/** When the process started, in the kernel's clock ticks; `null` where /proc does not exist; `undefined` if it has ended.
 *  A zombie has ended: it holds no file.  Source: proc(5), /proc/[pid]/stat fields 3 and 22. */
export function processStart(pid: number): string | null | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return answersSignals(pid) ? null : undefined
  }
  // The command name stands in parentheses and may hold blanks and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? null)
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** True if that very process lives: same number and, where it is known, same start (numbers are used again). */
function lives(pid: number, started: string | null): boolean {
  const now = processStart(pid)
  return now !== undefined && (now === null || started === null || now === started)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parse(content: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(content) as LockHolder
    return Number.isInteger(holder.pid) && Number.isInteger(holder.parentPid) ? holder : undefined
  } catch {
    return undefined
  }
}

/** Takes the lock of a dead holder. The rename is atomic; the second look settles a race of two takers. */
async function takeOver(file: string, temporary: string, stale: string): Promise<boolean> {
  const mine = readFileSync(temporary, 'utf8')
  if (read(file) !== stale) return false
  renameSync(temporary, file)
  await sleep(SETTLE_MS)
  return read(file) === mine
}

/** Takes the lock file of a data directory, taking over from a process that has ended. An engine whose Gatehouse was
 *  killed is closing by itself: it is waited for, at most `waitMs`.
 *  @returns the stale holder that was replaced, if any.  Throws an Error that names the holder's pid and the file. */
export async function takeLock(file: string, me: LockHolder, waitMs = 10_000): Promise<LockHolder | undefined> {
  const temporary = `${file}.${me.pid}`
  const deadline = performance.now() + waitMs
  try {
    for (;;) {
      writeFileSync(temporary, JSON.stringify(me), { mode: 0o600 })
      if (tryLink(temporary, file)) return undefined
      const content = read(file)
      if (content === undefined) continue
      const holder = parse(content)
      if (holder === undefined || !lives(holder.pid, holder.started)) {
        if (await takeOver(file, temporary, content)) return holder
      } else if (lives(holder.parentPid, holder.parentStarted)) {
        throw new Error(inUse(file, holder.parentPid))
      } else if (performance.now() > deadline) {
        throw new Error(inUse(file, holder.pid))
      }
      await sleep(POLL_MS)
    }
  } finally {
    rmSync(temporary, { force: true })
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const inUse = (file: string, pid: number): string =>
  `process ${pid} is using it (lock file ${file}). Stop that process, choose another DATA_DIR, or set DATABASE_URL to run several processes on one PostgreSQL.`

/** Gives the lock back, if it is still ours. */
export function releaseLock(file: string, me: LockHolder): void {
  const content = read(file)
  if (content !== undefined && parse(content)?.pid === me.pid) rmSync(file, { force: true })
}
