import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import { AppError } from '../errors.js'
import { checkTree } from './json-tree.js'
import { checkContentType, hasDocument } from './negotiate.js'

const LIMIT_BYTES = 512 * 1024

function tooLarge(limitBytes: number): AppError {
  return new AppError('too_large', {
    detail: `The body may have at most ${limitBytes} bytes.`,
    // The rest of the body is not worth reading: the connection ends with the answer.
    headers: { Connection: 'close' },
  })
}

/** Reads a whole body, never more than `limitBytes` of it. Errors: 413; 415 if it is compressed (a small body that grows
 *  is refused before it grows, ATTACKS H3); 400 if the client leaves before the end. */
export function readBody(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const coding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (coding !== 'identity' && coding !== '') {
    const headers = { 'Accept-Encoding': 'identity' }
    throw new AppError('unsupported_media', { detail: 'Send the body uncompressed.', headers })
  }
  if (Number(req.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (act: () => void): void => {
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      act()
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      chunks.push(chunk)
      if (size > limitBytes) settle(() => reject(tooLarge(limitBytes)))
    }
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, size)))
    const onGone = (): void => settle(() => reject(new AppError('malformed', { detail: 'The body ended early.' })))
    req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

/** Bytes to a JSON value. Errors: 400 for bytes that are not UTF-8, for text that is not JSON, and for what no column
 *  could hold (json-tree.ts). A byte order mark is skipped (RFC 8259 §8.1). */
export function parseJson(bytes: Buffer): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AppError('malformed', { detail: 'The body is not valid UTF-8.', cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError('malformed', { detail: 'The body is not valid JSON.', source: { pointer: '' }, cause })
  }
  checkTree(value)
  return value
}

/** Puts the parsed document into `req.body`; `undefined` where there is none. A body on GET or HEAD is ignored.
 *  Errors: 400, 413, 415. */
export async function readDocument(req: Request, _res: Response, next: NextFunction): Promise<void> {
  req.body = undefined
  if (hasDocument(req)) {
    const bytes = await readBody(req, LIMIT_BYTES)
    // Judged after reading: a chunked body may turn out to be empty, and then its type does not matter.
    if (bytes.length > 0) {
      checkContentType(req)
      req.body = parseJson(bytes)
    }
  }
  next()
}
