import { connect } from 'node:net'
import type { Router } from 'express'
import { pino } from 'pino'
import { createAccessLog, noteMount } from '../../src/http/access-log.js'
import { readDocument } from '../../src/http/body.js'
import { onlyCanonicalPaths, unknownRoute } from '../../src/http/canonical.js'
import { allowBrowsers } from '../../src/http/cors.js'
import { createHealth } from '../../src/http/health.js'
import { createJsonApiErrors } from '../../src/http/jsonapi-errors.js'
import { JSON_API, negotiate } from '../../src/http/negotiate.js'
import { beginRequest } from '../../src/http/request.js'
import { securityHeaders } from '../../src/http/security-headers.js'
import { createExpress, createHttpServer, drain, type LIMITS_MS, listen } from '../../src/http/server.js'

/** A request of `send`; POST and our media type unless told. */
export interface Sent {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever came back, for expectations to look at
  readonly json: any
}

async function send(url: string, { method = 'POST', headers = {}, body }: Sent): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': JSON_API, ...headers },
    ...(body === undefined ? {} : { body: body as string }),
  })
  const text = await answer.text()
  const json = text.startsWith('{') ? JSON.parse(text) : undefined
  return { status: answer.status, headers: answer.headers, text, json }
}

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

/** The HTTP plane alone, without tokens and database, in the order of app.ts. */
export interface Plane {
  readonly url: string
  readonly port: number
  readonly logs: Record<string, unknown>[]
  send(path: string, sent?: Sent): Promise<Answer>
  /** Sends text as it stands; answers what came back until the connection's end. */
  raw(text: string): Promise<string>
  stop(graceMs?: number): Promise<void>
}

/** Serves `routes` under /api behind everything of http/ but the bearer; `limits` are the service's own unless told. */
export async function startPlane(routes: Router, limits?: typeof LIMITS_MS): Promise<Plane> {
  const logs: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void logs.push(JSON.parse(line)) })
  const app = createExpress()
  app.use(beginRequest, securityHeaders, createAccessLog(log), onlyCanonicalPaths)
  app.use(createHealth({ isReady: () => true }))
  app.use('/api', noteMount, allowBrowsers, negotiate, readDocument, routes)
  app.use(unknownRoute)
  app.use(createJsonApiErrors(log))
  const server = createHttpServer(app, limits)
  const port = await listen(server, { port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    port,
    logs,
    send: (path, sent = {}) => send(`${url}${path}`, sent),
    raw: (text) => raw(port, text),
    stop: (graceMs = 1000) => drain(server, { graceMs }),
  }
}
