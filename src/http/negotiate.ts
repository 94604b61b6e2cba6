import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import { AppError } from '../errors.js'

/** The media type of JSON:API 1.1. */
export const JSON_API = 'application/vnd.api+json'

const METHODS_WITH_DOCUMENT = new Set(['POST', 'PATCH', 'PUT', 'DELETE'])

/** One media range: lower-case type, parameters by lower-case name, `q` apart. */
interface MediaRange {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

/** Splits at a separator that does not stand inside a quoted string (RFC 9110 §5.6.4). */
function split(text: string, separator: ',' | ';'): string[] {
  const pieces: string[] = []
  let quoted = false
  let start = 0
  for (let i = 0; i < text.length; i += 1) {
    if (quoted && text[i] === '\\') i += 1
    else if (text[i] === '"') quoted = !quoted
    else if (!quoted && text[i] === separator) {
      pieces.push(text.slice(start, i))
      start = i + 1
    }
  }
  pieces.push(text.slice(start))
  return pieces.map((piece) => piece.trim()).filter((piece) => piece !== '')
}

const unquoted = (value: string): string =>
  value.startsWith('"') && value.endsWith('"') && value.length > 1
    ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    : value

/** Reads one media type or range with its parameters. */
export function parseMediaRange(text: string): MediaRange {
  const [type = '', ...rest] = split(text, ';')
  const parameters = new Map<string, string>()
  for (const item of rest) {
    const equals = item.indexOf('=')
    const name = (equals === -1 ? item : item.slice(0, equals)).trim().toLowerCase()
    parameters.set(name, equals === -1 ? '' : unquoted(item.slice(equals + 1).trim()))
  }
  const quality = Number(parameters.get('q') ?? 1)
  parameters.delete('q')
  return { type: type.trim().toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 }
}

/** Extensions are URIs, separated by spaces. */
const extensionsOf = (range: MediaRange): string[] => (range.parameters.get('ext') ?? '').split(' ').filter(Boolean)

/** The one endpoint that speaks an extension, and which. Source: https://jsonapi.org/ext/atomic */
const EXTENDED: Readonly<Record<string, string>> = { '/api/operations': 'https://jsonapi.org/ext/atomic' }

/** The extensions that an endpoint speaks: the path is canonical here (http/canonical.ts). */
const extensionOf = (req: IncomingMessage & { originalUrl?: string }): string | undefined =>
  EXTENDED[(req.originalUrl ?? req.url ?? '').split('?')[0] ?? '']

const speaks = (range: MediaRange, extension: string | undefined): boolean =>
  extensionsOf(range).every((one) => one === extension)

const isPlain = (range: MediaRange): boolean =>
  [...range.parameters.keys()].every((name) => name === 'ext' || name === 'profile')

/** Whether an `Accept` header lets us answer JSON:API. Missing or empty: yes. Source: JSON:API 1.1 "Server Responsibilities". */
export function accepts(header: string | undefined, extension?: string): boolean {
  const ranges = split(header ?? '', ',').map(parseMediaRange)
  if (ranges.length === 0) return true
  const ours = ranges.filter((range) => range.type === JSON_API && isPlain(range) && speaks(range, extension))
  // RFC 9110 §12.5.1: the most specific range decides, so `…vnd.api+json;q=0, */*` refuses us.
  if (ours.length > 0) return ours.some((range) => range.quality > 0)
  return ranges.some((range) => (range.type === '*/*' || range.type === 'application/*') && range.quality > 0)
}

/** Whether a request brings a document: announced by RFC 9112 §6, on a method for which a body means something. */
export function hasDocument(req: IncomingMessage): boolean {
  if (!METHODS_WITH_DOCUMENT.has(req.method ?? '')) return false
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
}

/** Whether a request brings an HTML form. */
export const isForm = (req: IncomingMessage): boolean =>
  hasDocument(req) && parseMediaRange(req.headers['content-type'] ?? '').type === 'application/x-www-form-urlencoded'

/** Refuses a body that is not JSON:API. A request without a body may say what it likes: the SDK does. Errors: 415. */
export function checkContentType(req: IncomingMessage): void {
  const range = parseMediaRange(req.headers['content-type'] ?? '')
  const extension = extensionOf(req)
  const named = extensionsOf(range)
  // An extension is offered only when it is named (JA-35): a plain body there would mean something else.
  if (
    range.type === JSON_API &&
    isPlain(range) &&
    speaks(range, extension) &&
    named.length > 0 === (extension !== undefined)
  )
    return
  throw new AppError('unsupported_media', {
    detail:
      extension === undefined
        ? `Send the body as ${JSON_API}, with no parameter other than a profile.`
        : `Send the body as ${JSON_API}; ext="${extension}".`,
    source: { header: 'Content-Type' },
    headers: { 'Accept-Post': JSON_API },
  })
}

/** Refuses what asks for another answer than JSON:API. Errors: 406. Source: JA-04, JA-05; RFC 9110 §12.5.5 for `Vary`. */
export function negotiate(req: Request, res: Response, next: NextFunction): void {
  res.setHeader('Vary', 'Accept')
  if (accepts(req.headers.accept, extensionOf(req))) {
    next()
    return
  }
  next(new AppError('not_acceptable', { detail: `Accept ${JSON_API} here.`, source: { header: 'Accept' } }))
}
