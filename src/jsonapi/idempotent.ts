import { createHash } from 'node:crypto'
import { AppError } from '../errors.js'
import type { Answer } from './answers.js'
import type { Handler } from './endpoint.js'

const KEY = /^[\x21-\x7e]{1,255}$/

/** A request that its caller may send again: the key, and what the request says. */
export interface Repeatable {
  readonly key: string
  /** Method, path and query. */
  readonly target: string
}

/** Reads the `Idempotency-Key` header of a POST.
 *  @throws AppError malformed for a key that is empty, too long or not plain ASCII */
export function repeatableOf(header: string | undefined, target: string): Repeatable | undefined {
  if (header === undefined) return undefined
  if (KEY.test(header)) return { key: header, target }
  const detail = 'An Idempotency-Key has 1 to 255 visible ASCII characters.'
  throw new AppError('malformed', { detail, source: { header: 'Idempotency-Key' } })
}

/** The same request with the same key gets the same answer again, for a day and while the caller's rights are the same; a
 *  refusal is not kept, since nothing was done. Source: DECISIONS 6, ATTACKS F23, the IETF draft on the Idempotency-Key header. */
export function idempotent(handler: Handler, repeatable: Repeatable): Handler {
  const { key, target } = repeatable
  return async (ctx, call) => {
    const fingerprint = createHash('sha256')
      .update(`${target}\n${JSON.stringify(call.body)}`)
      .digest('hex')
    const known = await ctx.idempotency.begin(key, fingerprint)
    if (known !== undefined) {
      const answer = known as unknown as Answer
      return { ...answer, headers: { ...answer.headers, 'Idempotency-Replayed': 'true' } }
    }
    // Where an organization was founded, the context that goes on knows what its founder may do there.
    const { context = ctx, ...answer } = await handler(ctx, call)
    await context.idempotency.finish(key, answer)
    return answer
  }
}
