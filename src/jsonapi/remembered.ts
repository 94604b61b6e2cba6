import { LRUCache } from 'lru-cache'
import type { Row } from '../access/guarded.js'
import type { ResourceObject } from './resource-object.js'

/** Objects that are remembered, at most: pages that somebody reads again and again, and what many lists include. */
const MOST = 1000

/** What was written of a row that may come again. */
export interface Written {
  /** Up to the attributes' end. */
  readonly attributes: string
  /** All of it, as it is where no linkage is shown. */
  readonly bare: ResourceObject
  /** The object's own URL, as it stands in JSON. */
  readonly self: string
}

/** How the objects of a type are written: here, by which columns' values they differ. */
export interface Shape {
  readonly columns: readonly string[]
}

interface Remembered extends Written {
  readonly shape: Shape
  readonly values: readonly unknown[]
}

export interface Memory {
  /** What was written of this very row; undefined when any value of it is another, or it is not known (any more). */
  of(shape: Shape, row: Row): Written | undefined
  /** To be told of what had to be written. */
  keep(shape: Shape, row: Row, written: Written): void
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** Whether two values are written alike, however deep; members in the same order. */
function isSame(known: unknown, value: unknown): boolean {
  if (known === value) return true
  if (!isObject(known) || !isObject(value) || Array.isArray(known) !== Array.isArray(value)) return false
  const [names, others] = [Object.keys(known), Object.keys(value)]
  return (
    names.length === others.length && names.every((name, at) => name === others[at] && isSame(known[name], value[name]))
  )
}

function isOf({ values, shape: { columns } }: Remembered, row: Row): boolean {
  for (let at = 0; at < columns.length; at += 1) if (!isSame(values[at], row[columns[at] as string])) return false
  return true
}

/** Tells what is met again from what comes once: rows that a walk over pages passes would only push others out, and to keep
 *  them costs more than to write them. Each id has one place, which the next that shares it takes. */
function createSieve(): (id: string) => boolean {
  const met = new Int32Array(MOST)
  return (id) => {
    let hash = 1
    for (let at = 0; at < id.length; at += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(at)) | 0
    const place = (hash >>> 0) % MOST
    if (met[place] === hash) return true
    met[place] = hash
    return false
  }
}

/** Remembers what was written of rows. The rows themselves are read each time, behind both locks, and what was written of other
 *  values is never taken: nobody can be shown what they did not read. Spared is the writing alone (docs/performance.md). */
export function createMemory(): Memory {
  const objects = new LRUCache<string, Remembered>({ max: MOST })
  const isMetAgain = createSieve()
  return {
    of(shape, row) {
      const known = objects.get(row.id)
      return known !== undefined && known.shape === shape && isOf(known, row) ? known : undefined
    },
    keep(shape, row, written) {
      if (!isMetAgain(row.id)) return
      // Copied, so that nobody who goes on with the row can change what is compared with.
      const values = shape.columns.map((column) => structuredClone(row[column]))
      objects.set(row.id, { ...written, bare: written.bare.encoded(), shape, values })
    },
  }
}
