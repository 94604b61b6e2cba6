import { join } from 'node:path'
import { CORES, freePort, ownsPort, startNode, stop } from './processes.js'
import { LOG_FILE, ROOT } from './service.js'

/** Starts a file of contenders/ and waits until it listens. `messages` are what it said before. */
export async function startContender(file, { job, env = {}, cores = CORES.server } = {}) {
  const port = await freePort()
  const all = { NODE_ENV: 'production', PORT: String(port), LOG_FILE, JOB: JSON.stringify(job ?? {}), ...env }
  const stdio = ['ignore', 'ignore', 'pipe', 'ipc']
  const child = startNode([join(ROOT, 'bench/contenders', file)], { cores, env: all, stdio })
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint = (complaint + text).slice(-2000)
  })
  const messages = []
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${file} does not listen: ${complaint}`)), 20_000).unref()
    child.on('message', (message) => (message === 'ready' ? resolve() : messages.push(message)))
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}: ${complaint}`)))
  })
  if (!ownsPort(child.pid, port)) throw new Error(`port ${port} is somebody else's`)
  return { port, pid: child.pid, messages, stop: () => stop(child) }
}
