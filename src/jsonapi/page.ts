import { type Cursor, parseCursor } from './cursor.js'
import type { Sort } from './order.js'
import { refuse } from './refuse.js'
import type { Resource } from './registry.js'

/** Which page is asked for: by its number, or by a cursor (then the number says nothing). */
export interface PageQuery {
  readonly number: number
  readonly size: number
  readonly cursor?: Cursor
}

export const MAX_PAGE_SIZE = 100
/** Rows that page numbers reach; beyond, cursors are the way (PERFORMANCE 6). */
export const MAX_DEPTH = 1_000_000

/** The last page that has a number. */
export const lastNumber = (size: number): number => Math.floor(MAX_DEPTH / size)

const SIDES = ['after', 'before'] as const

function cursorOf(
  parameters: ReadonlyMap<string, string>,
  resource: Resource,
  keys: readonly Sort[],
): Cursor | undefined {
  const [side, other] = SIDES.filter((one) => parameters.has(`page[${one}]`))
  if (side === undefined) return undefined
  const parameter = `page[${side}]`
  const second = other === undefined ? 'page[number]' : `page[${other}]`
  if (parameters.has(second))
    throw refuse(second, 'INVALID_PAGE_OBJECT', `"${second}" cannot be sent together with "${parameter}".`)
  return { side, values: parseCursor({ resource, keys, parameter }, parameters.get(parameter) ?? '') }
}

/** Reads the `page` family; `keys`: the order that is asked for.
 *  @throws AppError malformed. Source: JA-19, CONTRACT 2.4 */
export function parsePage(
  parameters: ReadonlyMap<string, string>,
  resource: Resource,
  keys: readonly Sort[],
): PageQuery {
  const whole = (name: string, fallback: number, max: number): number => {
    const value = parameters.get(name)
    if (value === undefined) return fallback
    const number = /^[1-9]\d{0,8}$/.test(value) ? Number(value) : 0
    if (number < 1 || number > max) {
      throw refuse(name, 'INVALID_PAGE_VALUE', `"${name}" must be a whole number from 1 to ${max}.`)
    }
    return number
  }
  const size = whole('page[size]', 10, MAX_PAGE_SIZE)
  const cursor = cursorOf(parameters, resource, keys)
  return { size, number: whole('page[number]', 1, lastNumber(size)), ...(cursor && { cursor }) }
}
