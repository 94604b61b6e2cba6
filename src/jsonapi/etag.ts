import type { Row } from '../access/guarded.js'
import { AppError } from '../errors.js'

/** The entity tag of a resource's state. The door lets `updated_at` only grow, so that two states never share one;
 *  it is the same whatever the request included or left out. */
function tagOf(row: Row): string | undefined {
  const { id, updated_at: updatedAt } = row
  return updatedAt === undefined ? undefined : `"${id}-${Date.parse(String(updatedAt)).toString(36)}"`
}

/** The `ETag` header of an answer that shows one resource; none where the row's state was not read. */
export function tagHeaders(row: Row | undefined): Record<string, string> {
  const tag = row === undefined ? undefined : tagOf(row)
  return tag === undefined ? {} : { ETag: tag }
}

/** Refuses a change whose caller means another state than the present one. `row` must be locked.
 *  @throws AppError precondition_failed (412). Source: RFC 9110 §13.1.1: strong comparison, so `W/` never matches */
export function checkPrecondition(ifMatch: string | undefined, row: Row): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  const tag = tagOf(row)
  if (tag !== undefined && tags.includes(tag)) return
  throw new AppError('precondition_failed', {
    detail: 'The record has changed since you read it: read it again and repeat your change.',
    source: { header: 'If-Match' },
    headers: tag === undefined ? {} : { ETag: tag },
  })
}
