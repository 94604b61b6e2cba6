import type { Knex } from 'knex'
import { AppError, recordNotFound } from '../errors.js'
import { newId } from '../ids.js'
import type { Abilities, Action, RowRule } from './abilities.js'
import type { Guarded, Row } from './guarded.js'
import type { Principal } from './principal.js'
import { type Changes, changesBetween, type VersionEvent, writeVersion } from './versions.js'

/** The right by which a row is touched, where it is another than the verb's own: `own organizations` moves seats. */
export type By = readonly [action: Action, subject: string]

/** THE DOOR: every query on a tenant table starts here. */
export interface Scope {
  /** A closed subquery of the rows of `subject` that the caller may `action`; a later `or` cannot walk out of it.
   *  @throws AppError forbidden when the caller may do so nowhere */
  from(subject: string, action?: Action): Knex.QueryBuilder
  /** One row. Absent and invisible get the same answer; a visible row that may not be touched is forbidden.
   *  @throws AppError not_found, forbidden */
  one(subject: string, id: string, action?: Action): Promise<Row>
  /** As `one`, and nobody else changes the row until this transaction ends. */
  lock(subject: string, id: string, action: Action): Promise<Row>
  /** Inserts into an organization where the caller may create; stamps id and times; writes the version. */
  insert(subject: string, row: Record<string, unknown>): Promise<Row>
  /** Changes columns of one row, which it locks first; writes the version if anything visible changed. */
  update(subject: string, id: string, patch: Record<string, unknown>): Promise<Row>
  remove(subject: string, id: string): Promise<Row>
  /** The same door, where rows are touched by another right than the verb's own. */
  by(right: By): Scope
}

interface Deps {
  readonly trx: Knex.Transaction
  readonly guards: ReadonlyMap<string, Guarded>
  readonly abilities: Abilities
  readonly principal: Principal
  readonly requestId: string
  readonly now: Date
}

const forbidden = (action: Action, subject: string): AppError =>
  new AppError('forbidden', { detail: `You may not ${action === 'own' ? 'do that to' : action} ${subject} here.` })

const isEmpty = (rule: RowRule): boolean => rule.organizations.length === 0 && rule.own === undefined

/** jsonb columns take text; the driver would turn an array into a PostgreSQL array. */
const encode = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value,
    ]),
  )

function whereTenant(query: Knex.QueryBuilder, column: string, organizations: readonly string[]): void {
  const [first] = organizations
  // The explicit equality keeps the ordered index scan; row security alone would lose it (PERFORMANCE 6).
  if (organizations.length === 1 && first !== undefined) query.where(column, first)
  else query.whereRaw('?? = any (?)', [column, [...organizations] as unknown as string])
}

function closed(trx: Knex.Transaction, guarded: Guarded, rule: RowRule): Knex.QueryBuilder {
  const columns = guarded.columns.map(({ name, sql }) => (sql === undefined ? name : trx.raw(`${sql} as ??`, [name])))
  const inner = trx.select(columns).from(guarded.table)
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
  return trx.from(inner.as(guarded.table))
}

function allows(rule: RowRule, guarded: Guarded, row: Row): boolean {
  const mine = rule.own !== undefined && row[rule.own.column] === rule.own.value
  const only = Object.entries(rule.only ?? {}).every(([column, value]) => row[column] === value)
  return only && (mine || (guarded.tenant !== 'user' && rule.organizations.includes(String(row[guarded.tenant]))))
}

/** Makes the door of one request. */
export function createScope(deps: Deps, by?: By): Scope {
  const { trx, guards, abilities, principal, requestId, now } = deps

  const guardedOf = (subject: string): Guarded => {
    const guarded = guards.get(subject)
    if (guarded === undefined) throw new Error(`no table is guarded as ${subject}`)
    return guarded
  }
  function ruleOf(
    guarded: Guarded,
    action: Action,
    right: By = [action, guarded.rightsOf ?? guarded.subject],
  ): RowRule {
    const rule = abilities.rows(...right)
    // Conditions on columns belong to the subject's own table.
    const { only: _only, own: _own, ...organizations } = rule
    return right[1] === guarded.subject ? rule : organizations
  }
  const record = (guarded: Guarded, change: { row: Row; event: VersionEvent; changes: Changes }): Promise<void> =>
    writeVersion(trx, guarded, { ...change, principal, requestId, now })
  const key = (guarded: Guarded, row: Row): Record<string, unknown> =>
    guarded.tenant === 'organization_id' ? { organization_id: row.organization_id, id: row.id } : { id: row.id }

  async function find(guarded: Guarded, id: string, { action, lock }: { action: Action; lock: boolean }): Promise<Row> {
    const rule = ruleOf(guarded, action, by)
    const visible = ruleOf(guarded, 'read')
    if (isEmpty(rule)) throw forbidden(action, guarded.subject)
    // Reading is asked first: a row that the caller may not see must not be told from one that is not there.
    const query = closed(trx, guarded, by === undefined ? visible : rule).where({ id })
    const row: Row | undefined = await (lock ? query.forUpdate().first() : query.first())
    if (row === undefined) throw recordNotFound()
    if (!allows(rule, guarded, row)) throw forbidden(action, guarded.subject)
    return row
  }

  return {
    from(subject, action = 'read') {
      const guarded = guardedOf(subject)
      const rule = ruleOf(guarded, action, by)
      if (isEmpty(rule)) throw forbidden(action, guarded.subject)
      return closed(trx, guarded, rule)
    },
    by: (right) => createScope(deps, right),
    one: async (subject, id, action = 'read') => find(guardedOf(subject), id, { action, lock: false }),
    lock: async (subject, id, action) => find(guardedOf(subject), id, { action, lock: true }),
    async insert(subject, values) {
      const guarded = guardedOf(subject)
      const row = { id: newId(), ...values, created_at: now } as Row
      const stamped = guarded.columns.some(({ name }) => name === 'updated_at') ? { ...row, updated_at: now } : row
      if (!allows(ruleOf(guarded, 'create', by), guarded, row)) throw forbidden('create', guarded.subject)
      await trx(guarded.table).insert(encode(stamped))
      await record(guarded, { row, event: 'create', changes: changesBetween(guarded, {}, row) })
      return row
    },
    async update(subject, id, patch) {
      const guarded = guardedOf(subject)
      const row = await find(guarded, id, { action: 'update', lock: true })
      const changes = changesBetween(guarded, row, patch as Partial<Row>)
      const hidden = Object.keys(patch).filter((name) => !guarded.columns.some((column) => column.name === name))
      const names = [...Object.keys(changes), ...hidden]
      if (names.length === 0) return row
      const stamp = guarded.columns.some(({ name }) => name === 'updated_at') ? { updated_at: now } : {}
      const values = Object.fromEntries(names.map((name) => [name, patch[name]]))
      await trx(guarded.table)
        .where(key(guarded, row))
        .update(encode({ ...values, ...stamp }))
      await record(guarded, { row, event: 'update', changes })
      return { ...row, ...values } as Row
    },
    async remove(subject, id) {
      const guarded = guardedOf(subject)
      const row = await find(guarded, id, { action: 'destroy', lock: true })
      const gone = Object.fromEntries(Object.keys(row).map((name) => [name, null]))
      await trx(guarded.table).where(key(guarded, row)).delete()
      await record(guarded, { row, event: 'destroy', changes: changesBetween(guarded, row, gone as Partial<Row>) })
      return row
    },
  }
}
