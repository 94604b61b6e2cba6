import { AppError, type ErrorSource, type Issue, pointerStep, violation } from '../errors.js'

export type Json = Record<string, unknown>
export type Purpose = 'create' | 'update'

const TOP_LEVEL = new Set(['data', 'meta', 'jsonapi', 'links', 'included'])

/** A refusal of the document's form, with a pointer to the member. */
export const malformed = (pointer: string, detail: string): AppError =>
  new AppError('malformed', { detail, source: { pointer } })

/** Whether a JSON value is an object: neither null nor an array. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The primary data of a document.
 *  @throws AppError malformed for what is no JSON:API document */
export function dataOf(body: unknown): unknown {
  if (!isObject(body)) throw malformed('', 'The body must be a JSON:API document: an object with the member "data".')
  const unknown = Object.keys(body).find((name) => !TOP_LEVEL.has(name))
  if (unknown !== undefined)
    throw malformed(`/${pointerStep(unknown)}`, `"${unknown}" is not a member of a JSON:API document.`)
  if (!('data' in body)) throw malformed('', 'The document has no member "data".')
  return body.data
}

/** `attributes` or `relationships` of a resource object; an absent one is empty (CONTRACT 2.1). */
export function member(data: Json, name: 'attributes' | 'relationships'): Json {
  const value = data[name] ?? {}
  if (!isObject(value)) throw malformed(`/data/${name}`, `"${name}" must be an object.`)
  return value
}

/** The issue of a field that may not be set by this kind of request. */
export function readOnly(name: string, source: ErrorSource, purpose: Purpose): Issue {
  return violation({ name, title: `cannot be set on ${purpose}`, error: 'read_only', source })
}

/** The issue of a field that the type does not have. */
export const unknownField = (name: string, source: ErrorSource): Issue =>
  violation({ name, title: 'is not a field of this type', error: 'unknown', source })
