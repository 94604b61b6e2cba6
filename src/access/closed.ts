import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import type { RowRule } from './abilities.js'
import { allOf, anyOf, equals, type Fragment, NEVER, oneOf } from './fragments.js'
import type { Guarded, GuardedColumn, Row } from './guarded.js'
import type { Clauses, Match } from './targets.js'

// The explicit equality keeps the ordered index scan; row security alone would lose it (PERFORMANCE 6).
function inOrganizations(column: string, organizations: readonly string[]): Fragment {
  const [first] = organizations
  return organizations.length === 1 && first !== undefined ? equals(column, first) : oneOf(column, organizations)
}

function matching({ column, values }: Match): Fragment {
  const named = values.filter((value) => value !== null)
  return anyOf([
    ...(named.length > 0 ? [oneOf(column, named)] : []),
    ...(values.includes(null) ? [{ sql: `"${column}" is null`, values: [] }] : []),
  ])
}

function whoseRows({ tenant }: Guarded, { organizations, own }: RowRule): Fragment {
  if (tenant === 'user') return own === undefined ? NEVER : equals('id', own.value)
  const theirs = inOrganizations(tenant, organizations)
  if (own === undefined) return theirs
  return anyOf([theirs, allOf([inOrganizations(tenant, own.organizations), equals(own.column, own.value)])])
}

type Texts = Readonly<Record<'whole' | 'face', string>>

const texts = new WeakMap<Guarded, Texts>()

/** What the door selects of a table, as one text. A column that is not public is null (of its own type) to those who see
 *  the public face only, in filters and orders too. */
function textsOf(guarded: Guarded): Texts {
  const known = texts.get(guarded)
  if (known !== undefined) return known
  const shown = ({ name, sql }: GuardedColumn): string => (sql === undefined ? `"${name}"` : `${sql} as "${name}"`)
  const hidden = ({ name, sql = `"${name}"` }: GuardedColumn): string => `nullif(${sql}, ${sql}) as "${name}"`
  const { columns, publicColumns } = guarded
  const face = columns.map((one) => (publicColumns?.has(one.name) === false ? hidden(one) : shown(one)))
  const made = { whole: columns.map(shown).join(', '), face: face.join(', ') }
  texts.set(guarded, made)
  return made
}

/** The rows that a rule names, as a subquery that stands where a table's name would: a later `or` cannot walk out of it. */
export function closedFragment(guarded: Guarded, rule: RowRule): Fragment {
  const { only = {}, clauses = [], publicOnly } = rule
  const columns = textsOf(guarded)[publicOnly === true ? 'face' : 'whole']
  const { sql, values } = allOf([
    whoseRows(guarded, rule),
    ...Object.entries(only).map(([column, value]) => equals(column, value)),
    ...clauses.map((tests) => anyOf(tests.map(matching))),
  ])
  return { sql: `(select ${columns} from "${guarded.table}" where ${sql}) as "${guarded.table}"`, values }
}

/** As `closedFragment`, to be narrowed and ordered with knex. */
export function closed(trx: Transaction, guarded: Guarded, rule: RowRule): Knex.QueryBuilder {
  const { sql, values } = closedFragment(guarded, rule)
  return trx.from(trx.raw(sql, values as Knex.RawBinding[]))
}

function meets(row: Row, clauses: Clauses): boolean {
  const value = (column: string): string | null => (row[column] ?? null) as string | null
  return clauses.every((tests) => tests.some(({ column, values }) => values.includes(value(column))))
}

/** Whether a row that is at hand is one of those that a rule names. */
export function allows(rule: RowRule, guarded: Guarded, row: Row): boolean {
  const mine = rule.own !== undefined && row[rule.own.column] === rule.own.value
  const only = Object.entries(rule.only ?? {}).every(([column, value]) => row[column] === value)
  return (
    only &&
    meets(row, rule.clauses ?? []) &&
    (mine || (guarded.tenant !== 'user' && rule.organizations.includes(String(row[guarded.tenant]))))
  )
}
