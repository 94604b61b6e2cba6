import type { Knex } from 'knex'
import type { Row } from '../access/guarded.js'
import type { Sort } from './order.js'
import { valueOfKind } from './query-filters.js'
import { refuse } from './refuse.js'
import type { Resource } from './registry.js'

type Value = string | number | boolean | null

/** Where a page begins or ends: at a row, by the values by which rows are in order. The page is found in an index at once,
 *  however deep it is, and rows that come or go meanwhile move nothing. Source: PERFORMANCE (Depth) */
export interface Cursor {
  readonly side: 'after' | 'before'
  /** One for each key of the order; undefined at the beginning (or end) of all rows, where a walk starts. */
  readonly values: readonly Value[] | undefined
}

const nameOf = (keys: readonly Sort[]): string =>
  keys.map(({ column, descending }) => (descending ? `-${column}` : column)).join(',')

/** The cursor of a row: of what it shows its reader anyway. */
export function cursorAt(keys: readonly Sort[], row: Row): string {
  const values = keys.map(({ column }) => row[column] ?? null)
  return Buffer.from(JSON.stringify([nameOf(keys), ...values])).toString('base64url')
}

function contentOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && !value.includes('\0')

/** A value as its column has it; undefined where it is none. */
function typed({ attributes }: Resource, { column }: Sort, value: unknown): Value | undefined {
  if (value === null) return null
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  return isText(text) ? valueOfKind(attributes.get(column)?.kind ?? 'string', text) : undefined
}

/** Reads the value of `page[after]` or `page[before]`.
 *  @returns undefined for an empty one
 *  @throws AppError malformed for a text that is no cursor of this order */
export function parseCursor(
  { resource, keys, parameter }: { resource: Resource; keys: readonly Sort[]; parameter: string },
  text: string,
): Cursor['values'] {
  if (text === '') return undefined
  const [name, ...values] = [contentOf(text)].flat()
  const isOurs = name === nameOf(keys)
  if (!isOurs && isText(name) && values.length > 0) {
    const detail = `This cursor is of a list that is sorted by "${name.slice(0, 200)}": ask with the same sort.`
    throw refuse(parameter, 'INVALID_PAGE_VALUE', detail)
  }
  const read = keys.map((key, at) => typed(resource, key, values[at]))
  if (!isOurs || values.length !== keys.length || read.includes(undefined)) {
    const detail = `"${parameter}" must be empty, or a cursor out of the links of a page.`
    throw refuse(parameter, 'INVALID_PAGE_VALUE', detail)
  }
  return read as Value[]
}

const NEVER_NULL = new Set(['created_at', 'updated_at', 'id'])

/** Rows that stand behind a value, where none stands last going up and first going down. */
function behind(builder: Knex.QueryBuilder, column: string, { value, down }: { value: Value; down: boolean }): void {
  if (down && value === null) builder.whereNotNull(column)
  else if (down) builder.where(column, '<', value)
  else if (value === null) builder.whereRaw('false')
  else builder.where((any) => any.where(column, '>', value).orWhereNull(column))
}

/** Leaves the rows that come after the cursor's in their order, or, if it stands behind them, before it. */
export function narrowTo(builder: Knex.QueryBuilder, keys: readonly Sort[], { side, values }: Cursor): void {
  if (values === undefined) return
  const downs = keys.map(({ descending }) => descending === (side === 'after'))
  const [first] = downs
  if (downs.every((down) => down === first) && keys.every(({ column }) => NEVER_NULL.has(column))) {
    // As one comparison, it is where the scan of an index begins.
    const places = (place: string): string => keys.map(() => place).join(', ')
    const columns = keys.map(({ column }) => column)
    builder.whereRaw(`(${places('??')}) ${first ? '<' : '>'} (${places('?')})`, [...columns, ...values] as string[])
    return
  }
  builder.where((any) => {
    keys.forEach(({ column }, at) => {
      any.orWhere((all) => {
        for (const [n, { column: equal }] of keys.slice(0, at).entries()) all.where(equal, values[n] as Value)
        behind(all, column, { value: values[at] as Value, down: downs[at] === true })
      })
    })
  })
}
