import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import type { RowRule } from './abilities.js'
import type { Guarded, GuardedColumn, Row } from './guarded.js'
import type { Clauses } from './targets.js'

function whereTenant(query: Knex.QueryBuilder, column: string, organizations: readonly string[]): void {
  const [first] = organizations
  // The explicit equality keeps the ordered index scan; row security alone would lose it (PERFORMANCE 6).
  if (organizations.length === 1 && first !== undefined) query.where(column, first)
  else query.whereRaw('?? = any (?)', [column, [...organizations] as unknown as string])
}

function whereClauses(query: Knex.QueryBuilder, clauses: Clauses): void {
  for (const tests of clauses) {
    query.where((any) => {
      for (const { column, values } of tests) {
        any.orWhere((one) => {
          one.whereIn(
            column,
            values.filter((value) => value !== null),
          )
          if (values.includes(null)) one.orWhereNull(column)
        })
      }
    })
  }
}

type Texts = Readonly<Record<'whole' | 'face', string>>

const texts = new WeakMap<Guarded, Texts>()

/** What the door selects of a table, as one text: knex takes columns apart one by one, for every request. A column that is
 *  not public is null (of its own type) to those who see the public face only, in filters and orders too. */
function textsOf(guarded: Guarded): Texts {
  const shown = ({ name, sql }: GuardedColumn): string => (sql === undefined ? `"${name}"` : `${sql} as "${name}"`)
  const hidden = ({ name, sql = `"${name}"` }: GuardedColumn): string => `nullif(${sql}, ${sql}) as "${name}"`
  const { columns, publicColumns } = guarded
  const face = columns.map((one) => (publicColumns?.has(one.name) === false ? hidden(one) : shown(one)))
  const made = { whole: columns.map(shown).join(', '), face: face.join(', ') }
  texts.set(guarded, made)
  return made
}

function columnsOf(trx: Transaction, guarded: Guarded, { publicOnly }: RowRule): Knex.Raw {
  return trx.raw((texts.get(guarded) ?? textsOf(guarded))[publicOnly === true ? 'face' : 'whole'])
}

/** A closed subquery of the rows that a rule names: a later `or` cannot walk out of it. */
export function closed(trx: Transaction, guarded: Guarded, rule: RowRule): Knex.QueryBuilder {
  const inner = trx.from(guarded.table).select(columnsOf(trx, guarded, rule))
  const { own } = rule
  if (guarded.tenant === 'user') inner.where('id', own?.value ?? '')
  else {
    const { tenant } = guarded
    inner.where((where) => {
      where.where((all) => whereTenant(all, tenant, rule.organizations))
      if (own !== undefined) {
        where.orWhere((mine) => {
          whereTenant(mine, tenant, own.organizations)
          mine.where(own.column, own.value)
        })
      }
    })
  }
  if (rule.only !== undefined) inner.where(rule.only)
  if (rule.clauses !== undefined) whereClauses(inner, rule.clauses)
  return trx.from(inner.as(guarded.table))
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
