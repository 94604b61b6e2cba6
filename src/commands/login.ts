import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../config.js'
import { DASHBOARD_CLIENT_ID } from '../oauth/dashboard.js'
import { print, type Surroundings } from './environment.js'

interface Options {
  /** Issuer of the service; default: this installation's. */
  readonly server?: string
  readonly scope: string
  readonly json?: boolean
}

type Json = Record<string, unknown>

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
/** Seconds. RFC 8628 §3.5 */
const SLOWER = 5

async function post(url: string, form: Record<string, string>): Promise<{ ok: boolean; body: Json }> {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'error' })
  return { ok: answer.ok, body: (await answer.json()) as Json }
}

const refusal = ({ error, error_description: text }: Json): Error =>
  new Error(`The service refused: ${String(error)}. ${String(text ?? '')}`)

/** The service's endpoints; whoever answers must be the one that was asked. Source: RFC 8414 §3.3 */
async function endpointsOf(issuer: string): Promise<{ device: string; token: string }> {
  const url = `${issuer}/.well-known/oauth-authorization-server`
  const answer = await fetch(url, { redirect: 'error' }).catch((cause: unknown) => {
    throw new Error(
      `Nothing answers at ${url}. Name the service with --server, as its URL: https://… or http://localhost:3000.`,
      { cause },
    )
  })
  const body = answer.ok ? ((await answer.json()) as Json) : {}
  if (body.issuer !== issuer) throw new Error(`There is no Gatehouse whose issuer is ${issuer}.`)
  return { device: String(body.device_authorization_endpoint), token: String(body.token_endpoint) }
}

/** Asks until somebody has answered in a browser. */
async function awaitToken(url: string, { device_code, interval }: Json): Promise<Json> {
  const form = { grant_type: GRANT, client_id: DASHBOARD_CLIENT_ID, device_code: String(device_code) }
  let seconds = Number(interval)
  for (;;) {
    await sleep(seconds * 1000)
    const { ok, body } = await post(url, form)
    if (ok) return body
    if (body.error === 'slow_down') seconds += SLOWER
    else if (body.error !== 'authorization_pending') throw refusal(body)
  }
}

/** `gatehouse login`: signs a person in by a browser, on this machine or any other, and prints their token. What they are
 *  to do goes to stderr, the token alone to stdout. Source: RFC 8628 */
export async function login(around: Surroundings, options: Options): Promise<void> {
  const issuer = (options.server ?? readConfig(around.env).issuer).replace(/\/+$/, '')
  const { device, token } = await endpointsOf(issuer)
  const { ok, body: asked } = await post(device, { client_id: DASHBOARD_CLIENT_ID, scope: options.scope })
  if (!ok) throw refusal(asked)
  process.stderr.write(
    `Open ${asked.verification_uri_complete}\nand see that it shows the code ${asked.user_code}. Waiting …\n`,
  )
  const data = await awaitToken(token, asked)
  print(around.out, options, { data, text: String(data.access_token) })
}
