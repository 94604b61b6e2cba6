import { isSpecific, type Named, namedIn, type TargetKind } from '../tokens/scope-targets.js'

/** One test of a row: its column has one of these values; null is the missing value. */
export interface Match {
  readonly column: string
  readonly values: readonly (string | null)[]
}

/** Of each list, a row must meet one test at least. */
export type Clauses = readonly (readonly Match[])[]

/** Restrictions of an application membership: ids by key, e.g. `market_id_in`. */
export type TargetFilters = Readonly<Record<string, readonly string[]>>

/** Subjects that scopes point at, and the word for each in a scope item. Merchants are named by no scope. */
const SUBJECTS: Readonly<Record<string, TargetKind>> = {
  markets: 'market',
  stores: 'store',
  stock_locations: 'stock_location',
}

const ENABLED: Match = { column: 'disabled_at', values: [null] }

const namedMatches = ({ ids, codes }: Named): Match[] => [
  { column: 'id', values: ids },
  { column: 'code', values: codes },
]

/** Which rows a sales channel's scope shows of a subject: the enabled ones that it names, or all enabled ones.
 *  Undefined: none at all. Source: DECISIONS 3 "What scopes point at" */
export function targetClauses(scope: readonly string[], subject: string): Clauses | undefined {
  const kind = Object.hasOwn(SUBJECTS, subject) ? SUBJECTS[subject] : undefined
  if (kind === undefined) return undefined
  const named = namedIn(scope, kind)
  if (named.all) return [[ENABLED]]
  return isSpecific(named) ? [[ENABLED], namedMatches(named)] : undefined
}

/** Which column of a subject each filter narrows. */
const FILTERED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  merchants: { merchant_id_in: 'id' },
  markets: { market_id_in: 'id', merchant_id_in: 'merchant_id' },
  stock_locations: { stock_location_id_in: 'id' },
  stores: {
    store_id_in: 'id',
    market_id_in: 'market_id',
    merchant_id_in: 'merchant_id',
    stock_location_id_in: 'stock_location_id',
  },
}

/** The keys that `filters` may have. Source: DECISIONS 3 */
export const FILTER_KEYS = ['market_id_in', 'stock_location_id_in', 'store_id_in', 'merchant_id_in'] as const

/** What filters leave of a subject: every filter that concerns it must hold. */
export function filterClauses(filters: TargetFilters, subject: string): Clauses {
  const columns = Object.hasOwn(FILTERED, subject) ? Object.entries(FILTERED[subject] ?? {}) : []
  return columns.flatMap(([key, column]) => {
    const values = filters[key]
    return values === undefined ? [] : [[{ column, values }]]
  })
}
