-- Rows can be counted by the values of a few columns, too: a counter for each combination that occurs, still one counter a
-- change. What an organization has a million of is so counted without looking at it, also where a filter asks for some.
alter table row_counts add column kind jsonb not null default '{}';
comment on column row_counts.kind is 'The values of the columns by which the table is counted; {} where there are none.';

grant create on schema public to gatehouse_definer;
drop procedure add_to_row_count(text, text, bigint);
create procedure add_to_row_count(tenant text, counted text, difference bigint, counted_kind jsonb default '{}')
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  free bigint;
begin
  select id into free from row_counts
    where organization_id = tenant and table_name = counted and kind = counted_kind
    limit 1 for no key update skip locked;
  if found then
    update row_counts set rows = rows + difference
      where organization_id = tenant and table_name = counted and id = free;
  else
    insert into row_counts (organization_id, table_name, kind, rows) values (tenant, counted, counted_kind, difference);
  end if;
end
$$;
alter procedure add_to_row_count(text, text, bigint, jsonb) owner to gatehouse_definer;
revoke all on procedure add_to_row_count(text, text, bigint, jsonb) from public;
comment on procedure add_to_row_count(text, text, bigint, jsonb) is 'Adds to a counter that no other transaction holds.';

-- The arguments of the trigger are the columns by which is counted.
create or replace function count_changed_rows() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  tenant text;
  counted_kind jsonb;
  difference bigint;
begin
  for tenant, counted_kind, difference in
    select each.organization_id, each.kind, count(*) from (
      select organization_id, case when tg_nargs = 0 then '{}' else (
        select jsonb_object_agg(name, to_jsonb(changed) -> name) from unnest(tg_argv) name
      ) end as kind from changed
    ) each group by each.organization_id, each.kind
  loop
    -- An organization that is purged is deleted row by row: its counters go with it.
    call add_to_row_count(tenant, tg_table_name, case tg_op when 'DELETE' then -difference else difference end, counted_kind);
  end loop;
  return null;
end
$$;
revoke create on schema public from gatehouse_definer;

-- Nobody else writes to the history until this transaction ends.
drop trigger versions_count_inserted on versions;
drop trigger versions_count_deleted on versions;
create trigger versions_count_inserted after insert on versions referencing new table as changed
  for each statement execute function count_changed_rows('resource_type', 'event');
create trigger versions_count_deleted after delete on versions referencing old table as changed
  for each statement execute function count_changed_rows('resource_type', 'event');
-- The owner of a table passes by its row security while it is not forced.
alter table versions no force row level security;
alter table row_counts no force row level security;
delete from row_counts where table_name = 'versions';
insert into row_counts (organization_id, table_name, kind, rows)
  select organization_id, 'versions', jsonb_build_object('resource_type', resource_type, 'event', event), count(*)
  from versions group by organization_id, resource_type, event;
alter table row_counts force row level security;
alter table versions force row level security;
