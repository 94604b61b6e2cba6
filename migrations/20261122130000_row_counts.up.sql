-- How many rows of each kind an organization has, so that a list need not count them (`meta.record_count`).
-- A change adds to a counter that nobody else holds and makes one where all are held: it never waits for another change,
-- so that counting can neither slow two writers down nor lock them in a circle. The number of rows is the sum of the
-- counters. A counter changes in the transaction of its rows: it is exact, also after a rollback or a crash.
create table row_counts (
  organization_id text not null,
  table_name text not null,
  id bigint generated always as identity,
  rows bigint not null,
  constraint row_counts_pkey primary key (organization_id, table_name, id),
  constraint row_counts_organization_fkey foreign key (organization_id) references organizations (id) on delete cascade
) with (fillfactor = 50);
comment on table row_counts is 'How many rows an organization has in a table: the sum of its counters. Kept by triggers that count_rows makes.';
call lock_by_tenant('row_counts');
grant select on row_counts to gatehouse_api;

grant create on schema public to gatehouse_definer;
create policy definer on row_counts to gatehouse_definer using (true) with check (true);
grant select, insert, update on row_counts to gatehouse_definer;

create procedure add_to_row_count(tenant text, counted text, difference bigint)
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  free bigint;
begin
  select id into free from row_counts
    where organization_id = tenant and table_name = counted
    limit 1 for no key update skip locked;
  if found then
    update row_counts set rows = rows + difference
      where organization_id = tenant and table_name = counted and id = free;
  else
    insert into row_counts (organization_id, table_name, rows) values (tenant, counted, difference);
  end if;
end
$$;
alter procedure add_to_row_count(text, text, bigint) owner to gatehouse_definer;
revoke all on procedure add_to_row_count(text, text, bigint) from public;
comment on procedure add_to_row_count(text, text, bigint) is 'Adds to a counter that no other transaction holds.';

create function count_changed_rows() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  tenant text;
  difference bigint;
begin
  for tenant, difference in select organization_id, count(*) from changed group by organization_id loop
    -- An organization that is purged is deleted row by row: its counters go with it.
    call add_to_row_count(tenant, tg_table_name, case tg_op when 'DELETE' then -difference else difference end);
  end loop;
  return null;
end
$$;
alter function count_changed_rows() owner to gatehouse_definer;
revoke all on function count_changed_rows() from public;

create procedure count_rows(tenant_table regclass)
  language plpgsql as $$
declare
  counted text := (select relname from pg_class where oid = tenant_table);
  tenant text;
  present bigint;
begin
  execute format('create trigger %I after insert on %s referencing new table as changed
    for each statement execute function count_changed_rows()', counted || '_count_inserted', tenant_table);
  execute format('create trigger %I after delete on %s referencing old table as changed
    for each statement execute function count_changed_rows()', counted || '_count_deleted', tenant_table);
  if pg_relation_size(tenant_table) = 0 then
    return;
  end if;
  -- The owner of a table passes by its row security while it is not forced: the rows of all tenants are counted here. Nobody
  -- else writes to the table until this transaction ends.
  execute format('alter table %s no force row level security', tenant_table);
  for tenant, present in execute format('select organization_id, count(*) from %s group by organization_id', tenant_table) loop
    call add_to_row_count(tenant, counted, present);
  end loop;
  execute format('alter table %s force row level security', tenant_table);
end
$$;
comment on procedure count_rows(regclass) is 'Counts the rows of a tenant table from now on, and those that are there.';

-- A table that a later migration locks is counted from its first row.
create or replace procedure lock_by_tenant(tenant_table regclass, tenant_column text default 'organization_id')
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', tenant_table);
  execute format('alter table %s force row level security', tenant_table);
  execute format(
    'create policy tenant on %s to gatehouse_api using (%I = any ((select tenant_ids())::text[])) with check (%I = any ((select tenant_ids())::text[]))',
    tenant_table, tenant_column, tenant_column);
  call open_to_purge(tenant_table);
  if tenant_column = 'organization_id' then
    call count_rows(tenant_table);
  end if;
end
$$;
comment on procedure lock_by_tenant(regclass, text) is
  'Makes a table a tenant''s: forced row-level security with the tenant policy, open to the purge, its rows counted.';

do $$
declare
  tenant_table regclass;
begin
  for tenant_table in
    select p.polrelid::regclass from pg_policy p
    where p.polname = 'tenant' and p.polrelid not in ('organizations'::regclass, 'row_counts'::regclass)
  loop
    call count_rows(tenant_table);
  end loop;
end
$$;
revoke create on schema public from gatehouse_definer;
