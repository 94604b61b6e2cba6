import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'

const TICKS_PER_SECOND = 100
const children = new Set()

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Whether processes can be bound to cores here: then a server gets the first, the load the others. */
export const CAN_PIN =
  availableParallelism() > 1 && ['/usr/bin/taskset', '/bin/taskset'].some((path) => existsSync(path))

/** Cores by role: what is measured, what measures. */
export const CORES = { server: '0', load: `1-${Math.max(1, availableParallelism() - 1)}` }

/** Starts a node process, bound to `cores` where that is possible; it ends with this one at the latest. */
export function startNode(args, { cores, env = {}, stdio = ['ignore', 'pipe', 'pipe', 'ipc'], cwd } = {}) {
  const pinned = CAN_PIN && cores !== undefined
  const command = pinned ? 'taskset' : process.execPath
  const all = pinned ? ['-c', cores, process.execPath, ...args] : args
  const child = spawn(command, all, { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, stdio, cwd })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** Resolves when the process has ended. */
export const ended = (child) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()))

/** Ends a process gently, after ten seconds not gently. */
export async function stop(child) {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended(child)
  clearTimeout(timer)
}

/** A port that nobody has. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** Pids of a process and all that descend from it. */
export function tree(root) {
  const parents = new Map()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = stat(name)?.[1]
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const found = [root]
  for (let at = 0; at < found.length; at += 1) {
    for (const [pid, parent] of parents) if (parent === found[at]) found.push(pid)
  }
  return found
}

/** User and system time that a process and its descendants have used, ended ones included; seconds. Source: proc(5). */
export function cpuSeconds(root) {
  const ticks = tree(root).reduce((sum, pid) => {
    const fields = stat(pid)
    if (!fields) return sum
    const own = Number(fields[11]) + Number(fields[12])
    return sum + own + Number(fields[13]) + Number(fields[14])
  }, 0)
  return ticks / TICKS_PER_SECOND
}

/** Memory of a process alone, without its descendants: resident set in MB. */
export function residentMb(pid) {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** Pids that listen on a port of 127.0.0.1 are asked for by connecting to nobody else's: true if `pid`'s tree owns it. */
export function ownsPort(pid, port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A')
      .map((fields) => `socket:[${fields[9]}]`),
  )
  return tree(pid).some((one) => {
    try {
      return readdirSync(`/proc/${one}/fd`).some((fd) => inodes.includes(linkOf(`/proc/${one}/fd/${fd}`)))
    } catch {
      return false
    }
  })
}

function linkOf(path) {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
