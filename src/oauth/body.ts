import type { IncomingMessage } from 'node:http'
import { AppError } from '../errors.js'
import { inStep } from '../in-step.js'

/** Longest request body, in bytes. */
const LONGEST = 64 * 1024

const tooLarge = (): AppError =>
  new AppError('too_large', {
    detail: `The request body is larger than ${LONGEST} bytes.`,
    headers: { Connection: 'close' },
  })

/** Reads a request body whole. Throws `too_large` above 64 KiB, `malformed` when it is compressed or cut off. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    // A compressed body has no honest size, and no token request is long enough to need it.
    return Promise.reject(new AppError('malformed', { detail: 'A compressed request body is not accepted here.' }))
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const fail = (error: AppError): void => {
      request.removeAllListeners('data')
      // What is still to come is thrown away, so that the client gets to read our answer.
      request.resume()
      reject(error)
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > LONGEST) fail(tooLarge())
      else chunks.push(chunk)
    })
    // Every request is closed some time, and an error that nobody asked for costs more than all else here.
    let whole = false
    request.on('end', () => {
      whole = true
      resolve(inStep().then(() => Buffer.concat(chunks)))
    })
    request.on('close', () => {
      if (!whole) reject(new AppError('malformed', { detail: 'The request body was cut off.' }))
    })
    request.on('error', () => reject(new AppError('malformed', { detail: 'The request body could not be read.' })))
  })
}
