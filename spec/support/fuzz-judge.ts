import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { FuzzRequest } from './fuzz.js'
import { checkAnswer } from './openapi.js'

/** An answer as it came from the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly milliseconds: number
}

/** What the HTTP parser itself refuses, before there is a request: its answers have no body. */
const BY_PARSER = new Set([417, 431])

/** Words that only our inside can have put into an answer; none of the attacks holds one. */
const INSIDE = [
  /node_modules/,
  /\n\s+at /,
  /\.[tj]s:\d+/,
  /violates .* constraint/,
  /invalid input syntax/,
  /SQLSTATE/i,
  /\b(knex|pglite|bcrypt|ts-japi|oauth2-server)\b/i,
  /syntax error at or near/,
  /column .* does not exist/,
  /relation ".*"/,
  /permission denied for/,
  /\bstack\b/,
  /TypeError|RangeError|SyntaxError|ReferenceError/,
  new RegExp(process.cwd().replaceAll(/[.\\/]/g, '\\$&')),
]

/** An HTTP client that sends paths and headers as they are, on connections that it keeps. */
export function createWireClient(url: string, connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const { hostname, port } = new URL(url)

  function once(asked: FuzzRequest): Promise<RawAnswer> {
    const start = performance.now()
    const { method, path, headers, body } = asked
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    return new Promise((resolve, reject) => {
      const sent = request({ agent, hostname, port, method, path, headers: { ...headers, ...length } }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text,
            milliseconds: performance.now() - start,
          })
        })
        answer.on('error', reject)
      })
      sent.on('error', reject)
      sent.setTimeout(15_000, () => sent.destroy(new Error('no answer within 15 s')))
      sent.end(body)
    })
  }

  return {
    async send(asked: FuzzRequest): Promise<RawAnswer> {
      try {
        return await once(asked)
      } catch (error) {
        // A refusal of a body that is still being sent may end the connection first: then the answer can be lost on the way.
        const code = (error as NodeJS.ErrnoException).code ?? ''
        if (!['EPIPE', 'ECONNRESET'].includes(code)) throw error
        return once(asked)
      }
    },
    close: () => agent.destroy(),
  }
}

const CANONICAL = /^\/$|^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+$/

function parsed(answer: RawAnswer): unknown {
  if (answer.text === '') return undefined
  return /json/.test(answer.headers['content-type'] ?? '') ? JSON.parse(answer.text) : answer.text
}

type Fault = string | undefined

function checkJsonApiError(answer: RawAnswer, body: unknown): Fault {
  if (answer.headers['content-type'] !== 'application/vnd.api+json')
    return `an error as ${answer.headers['content-type']}`
  const { errors } = body as { errors?: { status?: unknown; code?: unknown; detail?: unknown }[] }
  if (!Array.isArray(errors) || errors.length === 0) return 'an error without `errors`'
  return errors.every(
    (one) => one.status === String(answer.status) && typeof one.code === 'string' && typeof one.detail === 'string',
  )
    ? undefined
    : 'an error object without status, code or detail'
}

function checkOAuthError(answer: RawAnswer, body: unknown): Fault {
  if (!/^application\/json\b/.test(answer.headers['content-type'] ?? ''))
    return `an error as ${answer.headers['content-type']}`
  const { error, error_description: text } = body as { error?: unknown; error_description?: unknown }
  if (typeof error !== 'string' || !/^[a-z_]+$/.test(error)) return 'an error without a name'
  return typeof text === 'string' && /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/.test(text)
    ? undefined
    : 'an error text of other characters than RFC 6749 allows'
}

/** What is wrong with an answer, whatever the request was; `undefined` if nothing is. */
export function faultOf(asked: FuzzRequest, answer: RawAnswer, url: string): Fault {
  const { status, text } = answer
  if (status >= 500 || status < 200) return `status ${status}`
  if (BY_PARSER.has(status) && text === '') return undefined
  if (answer.milliseconds > 10_000) return `an answer after ${Math.round(answer.milliseconds)} ms`
  const leak = INSIDE.find((word) => word.test(text))
  if (leak) return `an answer that tells of our inside: ${leak}`
  if (asked.method === 'HEAD' || asked.method === 'OPTIONS')
    return text === '' || status >= 400 ? undefined : 'a body on HEAD or OPTIONS'
  const body = parsed(answer)
  const [path = ''] = asked.path.split('?')
  if (status >= 400) {
    const oauth = /^\/(oauth|\.well-known)\/[a-z._-]+$/.test(path) && (body as { error?: unknown }).error !== undefined
    const fault = oauth ? checkOAuthError(answer, body) : checkJsonApiError(answer, body)
    if (fault) return fault
  }
  if (!CANONICAL.test(path)) return status === 404 ? undefined : `status ${status} for a path that is not canonical`
  try {
    checkAnswer({ method: asked.method, url: `${url}${path}`, status, body })
    return undefined
  } catch (error) {
    return (error as Error).message.slice(0, 800)
  }
}
