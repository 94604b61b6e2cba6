import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Request, Response } from 'express'
import { createExpress, createHttpServer, drain, listen } from '../../src/http/server.js'
import { writesInTurn } from '../../src/http/turns.js'
import { type Service, startService } from '../support/service.js'

const CROWD = 300

let service: Service
const sockets: Socket[] = []

beforeAll(async () => {
  service = await startService()
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await service.stop()
})

/** A connection that is open and has said nothing. */
async function open(url = service.url): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  sockets.push(socket)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return socket
}

const ask = (socket: Socket, text: string): Promise<string> => {
  const answer = new Promise<string>((resolve) => socket.once('data', (piece) => resolve(piece.toString())))
  socket.write(text.replaceAll('\n', '\r\n'))
  return answer
}

const SIGN_IN = 'POST /oauth/token HTTP/1.1\nHost: x\nContent-Length: 23\n\ngrant_type=no_such_type'
const READ = 'GET /health HTTP/1.1\nHost: x\n\n'

test('S7 a read that comes with a crowd of sign-ins does not wait for all of them', async () => {
  const crowd = await Promise.all(Array.from({ length: CROWD }, () => open()))
  const reader = await open()
  // Once each, so that nothing is done here for the first time.
  for (const socket of [...crowd.slice(0, 20), reader]) await ask(socket, socket === reader ? READ : SIGN_IN)
  let answered = 0
  const all = crowd.map(async (socket) => {
    const answer = await ask(socket, SIGN_IN)
    answered += 1
    return answer.slice(0, 12)
  })
  const read = await ask(reader, READ)
  const before = answered
  expect(read).toMatch(/^HTTP\/1\.1 200/)
  expect(before).toBeLessThan(CROWD / 2)
  expect(await Promise.all(all)).toEqual(Array(CROWD).fill('HTTP/1.1 400'))
})

/** How many of forty that take two milliseconds each are answered before a read that comes with them, while a crowd signs
 *  in. */
async function answeredFirst(): Promise<number> {
  const app = createExpress()
  app.use(writesInTurn({ isCrowd: () => true }))
  app.post('/slow', (_req: Request, res: Response) => {
    const until = performance.now() + 2
    while (performance.now() < until);
    res.json({})
  })
  app.get('/read', (_req: Request, res: Response) => void res.json({}))
  const server = createHttpServer(app)
  const url = `http://127.0.0.1:${await listen(server, { port: 0, host: '127.0.0.1' })}`
  const writers = await Promise.all(Array.from({ length: 40 }, () => open(url)))
  const reader = await open(url)
  // So that all connections are taken in and nothing is done for the first time.
  for (const socket of [...writers.slice(0, 2), reader]) await ask(socket, 'GET /read HTTP/1.1\nHost: x\n\n')
  let answered = 0
  const all = writers.map(async (socket) => {
    await ask(socket, 'POST /slow HTTP/1.1\nHost: x\nContent-Length: 0\n\n')
    answered += 1
  })
  await ask(reader, 'GET /read HTTP/1.1\nHost: x\n\n')
  const before = answered
  await Promise.all(all)
  for (const socket of [...writers, reader]) socket.destroy()
  await drain(server, { graceMs: 100 })
  return before
}

test('S7 while people wait for each other to sign in, fewer begin at once', async () => {
  expect(await answeredFirst()).toBeLessThan(16)
})
