-- tg_table_name is of the type "name", whose collation is "C": handed on as it is, it made every comparison of the procedure
-- one in that collation, for which there is no index, and each insert and delete read the counters of all organizations.
grant create on schema public to gatehouse_definer;
create or replace function count_changed_rows() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  tenant text;
  counted text := tg_table_name;
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
    call add_to_row_count(tenant, counted, case tg_op when 'DELETE' then -difference else difference end, counted_kind);
  end loop;
  return null;
end
$$;
revoke create on schema public from gatehouse_definer;
