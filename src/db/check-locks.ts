import type { Knex } from 'knex'

// A dump that was restored without its owners and policies looks whole and guards nothing: the functions that keep the last
// owner and end tokens would run as somebody whom the policies show no row.
const FIND = `
  select 'table ' || c.relname || ' does not force row-level security' as problem
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
    and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant')
  union all
  select 'function ' || p.proname || ' does not belong to gatehouse_definer'
  from pg_proc p join pg_roles r on r.oid = p.proowner
  where p.pronamespace = 'public'::regnamespace and p.prosecdef and r.rolname <> 'gatehouse_definer'
    and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  order by 1`

/** Refuses a database whose second lock is open, as one is that was restored without owners. One query of the catalog.
 *  @throws Error for the operator that names what is wrong and how to mend it */
export async function checkLocks(knex: Knex): Promise<void> {
  const { rows } = await knex.raw<{ rows: { problem: string }[] }>(FIND)
  if (rows.length === 0) return
  throw new Error(
    `This database does not guard its tenants: ${rows.map(({ problem }) => problem).join('; ')}. If it was restored from a dump, restore it again with its owners (no --no-owner; see docs/operations/backup.md).`,
  )
}
