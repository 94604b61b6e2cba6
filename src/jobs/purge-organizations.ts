import type { Knex } from 'knex'
import type { Transaction } from '../db/queries.js'
import { transaction } from '../db/transaction.js'
import { inBatches, type Job, type JobContext } from './job.js'

const BATCH = 500
/** Organizations that one run ends: the rest comes with the next. */
const AT_ONCE = 20

interface Table {
  name: string
  refers_to: string[]
}

/** Works as the role that sees nothing but organizations whose time is over (migrations/…_retirement). */
function asPurge<T>(knex: Knex, work: (trx: Transaction) => Promise<T>): Promise<T> {
  return transaction(knex, async (trx) => {
    await trx.raw('set local role gatehouse_purge')
    return work(trx)
  })
}

/** The tables that a purge empties, each before those that it refers to; from the catalog, so that a new table is in it. */
async function tablesInOrder(knex: Knex): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: Table[] }>(`
    select c.relname as name, array(select f.relname::text from pg_constraint k join pg_class f on f.oid = k.confrelid
        where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as refers_to
    from pg_class c join pg_policy p on p.polrelid = c.oid and p.polname = 'purge'
    where c.relnamespace = 'public'::regnamespace and c.relname <> 'organizations'`)
  const waiting = new Map(rows.map((row) => [row.name, row]))
  const order: string[] = []
  while (waiting.size > 0) {
    const next = [...waiting.values()].find(
      ({ name }) => ![...waiting.values()].some((other) => other.name !== name && other.refers_to.includes(name)),
    )
    if (next === undefined) throw new Error('the tables of an organization refer to each other in a circle')
    order.push(next.name)
    waiting.delete(next.name)
  }
  return order
}

const removeSome = (knex: Knex, table: string, organizationId: string): Promise<number> =>
  asPurge(knex, async (trx) => {
    const answer = await trx.raw<{ rowCount: number }>(
      `delete from :table: where ctid = any (array(
        select ctid from :table: where organization_id = :organizationId limit :limit))`,
      { table, organizationId, limit: BATCH },
    )
    return answer.rowCount
  })

async function purge(
  { knex, signal, log }: JobContext,
  organizationId: string,
  tables: readonly string[],
): Promise<void> {
  for (const table of tables) {
    await inBatches(signal, BATCH, () => removeSome(knex, table, organizationId))
    // Half an organization is left to the next run: nobody can see it.
    if (signal.aborted) return
  }
  await asPurge(knex, (trx) => trx('organizations').where({ id: organizationId }).delete())
  log.info({ organization: organizationId }, 'purged an organization that was deleted thirty days ago')
}

/** Deletes organizations for good, thirty days after their deletion (DECISIONS 6), in small pieces that hold no lock for
 *  long. Their slugs stay taken. Their history goes with them, so it is the log that says it happened. */
export const purgeOrganizations: Job = {
  name: 'purge-organizations',
  everySeconds: 3600,
  async run(context) {
    const { knex, signal } = context
    const due = await asPurge(knex, (trx) =>
      trx('organizations').orderBy('deleted_at').limit(AT_ONCE).pluck<string[]>('id'),
    )
    if (due.length === 0) return
    const tables = await tablesInOrder(knex)
    for (const id of due) {
      if (signal.aborted) return
      await purge(context, id, tables)
    }
  },
}
