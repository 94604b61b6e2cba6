import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from '@jest/globals'
import express from 'express'
import { createSecrets } from '../../src/crypto/secrets.js'
import type { Database } from '../../src/db/connect.js'
import { createOAuthErrors } from '../../src/http/oauth-errors.js'
import { beginRequest } from '../../src/http/request.js'
import { createOAuth } from '../../src/oauth/routes.js'
import type { TokenAlg } from '../../src/tokens/key-material.js'
import { createKeyRing } from '../../src/tokens/keys.js'
import { createRevocations } from '../../src/tokens/revocations.js'
import { createVerifier } from '../../src/tokens/verify.js'
import { specDatabase } from './database.js'

export const ISSUER = 'https://auth.gatehouse.test'
export const API_URL = 'https://provisioning.gatehouse.test/api'
export const secrets = createSecrets(Buffer.from('the master key of the specs, which is no secret at all'))

/** What was logged, as [words, fields]. */
type LogEntry = readonly [string, unknown]

/** The authorization server alone, on a port of its own. With `db` it is one more instance on that database. */
export async function startOAuth(
  options: { db?: Database; alg?: TokenAlg; issuer?: string; revocationsPerHour?: number } = {},
) {
  const db = options.db ?? (await specDatabase())
  const issuer = options.issuer ?? ISSUER
  const logged: LogEntry[] = []
  const note = (fields: unknown, words = ''): void => void logged.push([words, fields])
  const log = { info: note, warn: note, error: note }
  const revocations = createRevocations(db, { log })
  const keys = createKeyRing(db, secrets, { alg: options.alg ?? 'RS512', revocations })
  const verifier = createVerifier({ keys, revocations, issuer, audience: API_URL })
  await revocations.start()
  await keys.start()
  const time = { offsetMs: 0 }
  const clock = (): Date => new Date(Date.now() + time.offsetMs)
  const onError = createOAuthErrors(log)
  const pages = { pagesUrl: 'https://dashboard.gatehouse.test', dashboardRedirectUris: [] }
  const config = { issuer, apiUrl: API_URL, bcryptCost: 4, domain: 'gatehouse.test', resources: [], ...pages }
  const app = express()
  app.use(beginRequest)
  const bounds = options.revocationsPerHour === undefined ? {} : { revocationsPerHour: options.revocationsPerHour }
  const parts = { config, db, keys, revocations, secrets, verifier, clock, onError, ...bounds }
  app.use(createOAuth(parts).router)
  const server = createServer(app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    keys.stop()
    await revocations.stop()
    if (!options.db) await db.close()
  }
  return { url, db, keys, revocations, verifier, time, clock, logged, stop }
}

export type OAuthService = Awaited<ReturnType<typeof startOAuth>>

/** An answer, read. */
export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a spec looks at whatever came
  body: any
  text: string
}

/** Sends anything and reads the answer. */
export async function send(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init)
  const text = await response.text()
  const json = text !== '' && (response.headers.get('content-type') ?? '').includes('json')
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : undefined, text }
}

/** Posts a form. */
export const postForm = (url: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  send(url, { method: 'POST', body: new URLSearchParams(form), headers })

/** Posts a text as it is. */
export const postText = (url: string, body: string | Buffer, headers: Record<string, string>) =>
  send(url, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers })

/** Posts JSON. */
export const postJson = (url: string, body: unknown, type = 'application/json') =>
  postText(url, JSON.stringify(body), { 'Content-Type': type })

/** Basic credentials, form-encoded as RFC 6749 §2.3.1 asks. */
export const basic = (id: string, secret: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})

/** What every request of this grant has. */
export const GRANT = { grant_type: 'client_credentials' }
/** A whole request with the secret in the body. */
export const of = ({ clientId, secret }: { clientId: string; secret: string }) => ({
  ...GRANT,
  client_id: clientId,
  client_secret: secret,
})
/** An error as one line, after a look at its two forms. */
export const refusal = ({ status, body }: Answer): string => {
  const [first] = body.errors
  expect(Object.keys(body)).toEqual(['error', 'error_description', 'errors'])
  expect(Object.keys(first)).toEqual(['title', 'detail', 'code', 'status', 'meta'])
  expect(first.title).toBe(body.error)
  expect(first.status).toBe(status)
  return `${status} ${body.error} ${first.code}`
}
