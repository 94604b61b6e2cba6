import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Request, Response } from 'express'
import { pino } from 'pino'
import { createAccessLog } from '../../src/http/access-log.js'
import { readDocument } from '../../src/http/body.js'
import { answerInTime } from '../../src/http/deadline.js'
import { createJsonApiErrors } from '../../src/http/jsonapi-errors.js'
import { createOAuthErrors } from '../../src/http/oauth-errors.js'
import { beginRequest } from '../../src/http/request.js'
import { createExpress, createHttpServer, drain, listen } from '../../src/http/server.js'

const DEADLINE_MS = 300

const logs: { msg: string; level: number; status?: number }[] = []
const log = pino({ level: 'info' }, { write: (line: string) => void logs.push(JSON.parse(line)) })
let server: ReturnType<typeof createHttpServer>
let port: number

beforeAll(async () => {
  const app = createExpress()
  app.use(beginRequest, createAccessLog(log), answerInTime({ ms: DEADLINE_MS }))
  app.get(['/never', '/oauth/never'], () => new Promise(() => undefined))
  app.get('/late', async (_req: Request, res: Response) => {
    await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS * 2))
    res.status(200).set('X-Late', 'yes').json({})
  })
  app.get('/soon', (_req: Request, res: Response) => void res.json({}))
  app.post('/read', readDocument, (_req: Request, res: Response) => void res.json({}))
  app.use('/oauth', createOAuthErrors(log))
  app.use(createJsonApiErrors(log))
  server = createHttpServer(app)
  port = await listen(server, { port: 0, host: '127.0.0.1' })
})
afterAll(() => drain(server, { graceMs: 100 }))

const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
const pause = (ms: number): Promise<void> => new Promise((later) => setTimeout(later, ms))

test('F4 who is not answered in time gets 503 with Retry-After, in the form of the plane', async () => {
  const start = performance.now()
  const [plane, oauth] = await Promise.all([get('/never'), get('/oauth/never')])
  expect(performance.now() - start).toBeLessThan(DEADLINE_MS + 500)
  for (const answer of [plane, oauth]) {
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.headers.get('connection')).toBe('close')
  }
  expect((await plane.json()).errors[0].code).toBe('SERVICE_UNAVAILABLE')
  expect(await oauth.json()).toMatchObject({ error: 'temporarily_unavailable' })
})

test('what comes after the deadline comes to nobody and breaks nothing', async () => {
  const answer = await get('/late')
  expect(answer.status).toBe(503)
  await pause(DEADLINE_MS * 2)
  expect((await get('/soon')).status).toBe(200)
  expect(logs.filter(({ msg }) => msg === 'request').map(({ status }) => status)).not.toContain(500)
})

test('a slow sender is not late', async () => {
  const answer = await new Promise<string>((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', async () => {
      socket.write('POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n')
      socket.write('Content-Type: application/vnd.api+json\r\n\r\n{')
      await pause(DEADLINE_MS * 3)
      socket.write('}')
    })
    socket.on('data', (data) => {
      text += data
    })
    socket.on('close', () => resolve(text))
  })
  expect(answer).toMatch(/^HTTP\/1.1 200/)
})
