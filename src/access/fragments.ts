/** A piece of a statement, with a place (`?`) for each of its values, in their order. Names of columns and tables in it are
 *  the code's own, never input. knex builds the same at ten times the cost, for every request (docs/performance.md). */
export interface Fragment {
  readonly sql: string
  readonly values: readonly unknown[]
}

/** What no row meets. */
export const NEVER: Fragment = { sql: 'false', values: [] }
const ALWAYS: Fragment = { sql: 'true', values: [] }

/** A column has this value. */
export const equals = (column: string, value: string): Fragment => ({ sql: `"${column}" = ?`, values: [value] })

/** A column has one of these values. */
export const oneOf = (column: string, values: readonly string[]): Fragment => ({
  sql: `"${column}" = any (?)`,
  values: [[...values]],
})

function joined(fragments: readonly Fragment[], word: string, none: Fragment): Fragment {
  const [first, ...others] = fragments
  if (first === undefined) return none
  if (others.length === 0) return first
  return { sql: `(${fragments.map(({ sql }) => sql).join(word)})`, values: fragments.flatMap(({ values }) => values) }
}

/** All hold; of none, all do. */
export const allOf = (fragments: readonly Fragment[]): Fragment => joined(fragments, ' and ', ALWAYS)

/** One holds at least; of none, none does. */
export const anyOf = (fragments: readonly Fragment[]): Fragment => joined(fragments, ' or ', NEVER)
