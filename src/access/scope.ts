import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { AppError, recordNotFound } from '../errors.js'
import { newId } from '../ids.js'
import type { Abilities, Action, RowRule } from './abilities.js'
import { allows, closed } from './closed.js'
import { type Counted, countWhole, type Kinds } from './counts.js'
import type { Guarded, Row } from './guarded.js'
import { withReadableTypes } from './history.js'
import type { Principal } from './principal.js'
import { encode, isStamped, keyOf, stampAfter } from './row-values.js'
import { type Change, type Changes, changesBetween, writeWithVersions } from './versions.js'
import { readWholePage, type WholePage } from './whole-page.js'

/** The right by which a row is touched, where it is another than the verb's own: `own organizations` moves seats. */
export type By = readonly [action: Action, subject: string]

/** THE DOOR: every query on a tenant table starts here. */
export interface Scope {
  /** A closed subquery of the rows of `subject` that the caller may `action`; a later `or` cannot walk out of it.
   *  @throws AppError forbidden when the caller may do so nowhere */
  from(subject: string, action?: Action): Knex.QueryBuilder
  /** A page of all rows of `subject` that the caller may read: as `from`, for those who narrow it by nothing.
   *  @throws AppError forbidden when the caller may read none anywhere */
  page(subject: string, page: WholePage): Promise<Row[]>
  /** How many rows of `subject` the caller may read, of one organization or of all, all or of some kinds, where that is
   *  known without counting: a statement, to be asked or to be a column beside the rows.
   *  @throws AppError forbidden when the caller may read none anywhere */
  total(subject: string, organizationId?: string, kinds?: Kinds): Counted | undefined
  /** One row. Absent and invisible get the same answer; a visible row that may not be touched is forbidden.
   *  @throws AppError not_found, forbidden */
  one(subject: string, id: string, action?: Action): Promise<Row>
  /** As `one`, and nobody else changes the row until this transaction ends. */
  lock(subject: string, id: string, action: Action): Promise<Row>
  /** Inserts into an organization where the caller may create; stamps id and times; writes the version. */
  insert(subject: string, row: Record<string, unknown>): Promise<Row>
  /** As `insert`, several rows of one subject in one statement. */
  insertAll(subject: string, rows: readonly Record<string, unknown>[]): Promise<Row[]>
  /** Changes columns of one row, which it locks first; writes the version if anything visible changed. */
  update(subject: string, id: string, patch: Record<string, unknown>): Promise<Row>
  remove(subject: string, id: string): Promise<Row>
  /** Changes columns of every row that meets `where` and that the caller may update; answers how many. */
  updateAll(subject: string, where: Record<string, unknown>, patch: Record<string, unknown>): Promise<number>
  /** Records a change of a row that stands in other tables (the far side of a to-many relationship), and stamps the row. */
  touch(subject: string, id: string, changes: Changes): Promise<void>
  /** The same door, where rows are touched by another right than the verb's own. */
  by(right: By): Scope
}

interface Deps {
  readonly trx: Transaction
  readonly guards: ReadonlyMap<string, Guarded>
  readonly abilities: Abilities
  readonly principal: Principal
  readonly requestId: string
  readonly now: Date
  /** Told the organization of every single row that is read or changed: what the call was about. */
  readonly touched: Set<string>
}

const forbidden = (action: Action, subject: string): AppError =>
  new AppError('forbidden', { detail: `You may not ${action === 'own' ? 'do that to' : action} ${subject} here.` })

/** Rows that one statement changes: as many versions fit into one insert. */
const BATCH = 500

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
    if (guarded.historyBy !== undefined) return withReadableTypes(rule, guarded.historyBy, deps)
    if (right[1] === guarded.subject) return rule
    // Conditions on columns belong to the subject's own table; what follows its rights has the columns of `only` too.
    const { organizations, only } = rule
    return only !== undefined && right[1] === guarded.rightsOf ? { organizations, only } : { organizations }
  }
  function allowed(subject: string, action: Action): { guarded: Guarded; rule: RowRule } {
    const guarded = guardedOf(subject)
    const rule = ruleOf(guarded, action, by)
    if (rule.organizations.length === 0 && rule.own === undefined) throw forbidden(action, guarded.subject)
    return { guarded, rule }
  }
  const record = (guarded: Guarded, write: Knex.QueryBuilder, ...changes: Change[]): Promise<void> =>
    writeWithVersions(trx, guarded, { write, changes, author: { principal, requestId, now } })

  async function find(guarded: Guarded, id: string, { action, lock }: { action: Action; lock: boolean }): Promise<Row> {
    const { rule } = allowed(guarded.subject, action)
    const visible = ruleOf(guarded, 'read')
    // Reading is asked first: a row that the caller may not see must not be told from one that is not there.
    const query = closed(trx, guarded, by === undefined ? visible : rule).where({ id })
    const row: Row | undefined = await (lock ? query.forUpdate().first() : query.first())
    if (row === undefined) throw recordNotFound()
    if (!allows(rule, guarded, row)) throw forbidden(action, guarded.subject)
    if (guarded.tenant !== 'user') deps.touched.add(String(row[guarded.tenant]))
    return row
  }

  async function insertAll(guarded: Guarded, rows: readonly Record<string, unknown>[]): Promise<Row[]> {
    if (rows.length === 0) return []
    const stamp = isStamped(guarded) ? { updated_at: now } : {}
    const made = rows.map((values) => ({ id: newId(), ...values, created_at: now }) as Row)
    for (const row of made) {
      if (!allows(ruleOf(guarded, 'create', by), guarded, row)) throw forbidden('create', guarded.subject)
      if (guarded.tenant !== 'user') deps.touched.add(String(row[guarded.tenant]))
    }
    const write = trx(guarded.table).insert(made.map((row) => encode({ ...row, ...stamp })))
    const changes = made.map((row): Change => ({ row, event: 'create', changes: changesBetween(guarded, {}, row) }))
    await record(guarded, write, ...changes)
    return made
  }

  return {
    from(subject, action = 'read') {
      const { guarded, rule } = allowed(subject, action)
      return closed(trx, guarded, rule)
    },
    async page(subject, page) {
      const { guarded, rule } = allowed(subject, 'read')
      return readWholePage(trx, guarded, { rule, page })
    },
    total(subject, within, kinds = []) {
      const { guarded, rule } = allowed(subject, 'read')
      return countWhole(trx, guarded, { rule, within, kinds })
    },
    by: (right) => createScope(deps, right),
    one: async (subject, id, action = 'read') => find(guardedOf(subject), id, { action, lock: false }),
    lock: async (subject, id, action) => find(guardedOf(subject), id, { action, lock: true }),
    insert: async (subject, values) => (await insertAll(guardedOf(subject), [values]))[0] as Row,
    insertAll: async (subject, rows) => insertAll(guardedOf(subject), rows),
    async update(subject, id, patch) {
      const guarded = guardedOf(subject)
      const row = await find(guarded, id, { action: 'update', lock: true })
      const changes = changesBetween(guarded, row, patch as Partial<Row>)
      // What is not shown as it stands cannot be compared with what is sent.
      const compared = guarded.columns.filter(({ written }) => written !== true).map(({ name }) => name)
      const hidden = Object.keys(patch).filter((name) => !compared.includes(name))
      const names = [...new Set([...Object.keys(changes), ...hidden])]
      if (names.length === 0) return row
      const stamp = isStamped(guarded) ? { updated_at: stampAfter(row, now) } : {}
      const values = Object.fromEntries(names.map((name) => [name, patch[name]]))
      const write = trx(guarded.table)
        .where(keyOf(guarded, row))
        .update(encode({ ...values, ...stamp }))
      await record(guarded, write, { row, event: 'update', changes })
      return { ...row, ...values } as Row
    },
    async updateAll(subject, where, patch) {
      const { guarded, rule } = allowed(subject, 'update')
      const rows: Row[] = await closed(trx, guarded, rule).where(where).forUpdate()
      for (let at = 0; at < rows.length; at += BATCH) {
        const batch = rows.slice(at, at + BATCH)
        const organizations = [...new Set(batch.map((row) => String(row[guarded.tenant])))]
        const ids = batch.map(({ id }) => id)
        const write = trx(guarded.table)
          .whereIn('id', ids)
          .whereIn(guarded.tenant, organizations)
          .update({
            ...encode(patch),
            updated_at: trx.raw("greatest(?, updated_at + interval '1 millisecond')", [now]),
          })
        const changes = batch.map(
          (row): Change => ({ row, event: 'update', changes: changesBetween(guarded, row, patch as Partial<Row>) }),
        )
        await record(guarded, write, ...changes)
      }
      return rows.length
    },
    async touch(subject, id, changes) {
      const guarded = guardedOf(subject)
      const row = await find(guarded, id, { action: 'update', lock: true })
      const write = trx(guarded.table)
        .where(keyOf(guarded, row))
        .update({ updated_at: stampAfter(row, now) })
      await record(guarded, write, { row, event: 'update', changes })
    },
    async remove(subject, id) {
      const guarded = guardedOf(subject)
      const row = await find(guarded, id, { action: 'destroy', lock: true })
      const gone = Object.fromEntries(Object.keys(row).map((name) => [name, null]))
      const write = trx(guarded.table).where(keyOf(guarded, row)).delete()
      await record(guarded, write, {
        row,
        event: 'destroy',
        changes: changesBetween(guarded, row, gone as Partial<Row>),
      })
      return row
    },
  }
}
