drop trigger versions_count_inserted on versions;
drop trigger versions_count_deleted on versions;
create or replace function count_changed_rows() returns trigger
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
create trigger versions_count_inserted after insert on versions referencing new table as changed
  for each statement execute function count_changed_rows();
create trigger versions_count_deleted after delete on versions referencing old table as changed
  for each statement execute function count_changed_rows();

grant create on schema public to gatehouse_definer;
drop procedure add_to_row_count(text, text, bigint, jsonb);
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
revoke create on schema public from gatehouse_definer;
alter table row_counts drop column kind;
