import { AppError } from '../errors.js'

const MAX_DEPTH = 64
/** Values in one body; the largest honest one, a hundred operations, has some thousands. */
const MAX_VALUES = 20_000
const LONE_SURROGATE = /\p{Surrogate}/u

/** One value still to look at. The path is a list that shares its tail, made into a pointer only when needed. */
interface Step {
  readonly value: unknown
  readonly depth: number
  readonly path: Path | undefined
}
interface Path {
  readonly key: string
  readonly parent: Path | undefined
}

/** RFC 6901 §3. */
function pointerOf(path: Path | undefined): string {
  const keys: string[] = []
  for (let at = path; at; at = at.parent) keys.unshift(at.key.replaceAll('~', '~0').replaceAll('/', '~1'))
  return keys.map((key) => `/${key}`).join('')
}

function refuse(detail: string, path: Path | undefined): never {
  throw new AppError('malformed', { detail, source: { pointer: pointerOf(path) } })
}

function checkText(text: string, path: Path | undefined): void {
  if (text.includes('\u0000')) refuse('Text may not contain the character U+0000.', path)
  if (LONE_SURROGATE.test(text)) refuse('Text may not contain half a surrogate pair.', path)
}

/** Refuses a parsed JSON value that the database could not hold or that is only ever sent as an attack: nested deeper
 *  than 64, numbers beyond double precision, U+0000, lone surrogates, members called `__proto__`, more than 20,000 values. It walks without
 *  recursion, so that depth costs no stack. Errors: 400 with `source.pointer`. Source: ATTACKS J14. */
export function checkTree(root: unknown): void {
  const steps: Step[] = [{ value: root, depth: 1, path: undefined }]
  let seen = 0
  for (let step = steps.pop(); step; step = steps.pop()) {
    const { value, depth, path } = step
    seen += 1
    if (typeof value === 'string') checkText(value, path)
    if (typeof value === 'number' && !Number.isFinite(value)) refuse('This number is too large.', path)
    if (typeof value !== 'object' || value === null) continue
    if (depth > MAX_DEPTH) refuse(`The body is nested deeper than ${MAX_DEPTH} levels.`, undefined)
    const keys = Object.keys(value)
    if (seen + steps.length + keys.length > MAX_VALUES)
      refuse(`The body holds more than ${MAX_VALUES} values.`, undefined)
    for (const key of keys) {
      // At the object that holds it: a pointer with the broken key in it could not be sent either.
      checkText(key, path)
      if (key === '__proto__') refuse('A member may not be called __proto__.', path)
      steps.push({ value: (value as Record<string, unknown>)[key], depth: depth + 1, path: { key, parent: path } })
    }
  }
}
