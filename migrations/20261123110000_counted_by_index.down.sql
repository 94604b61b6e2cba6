grant create on schema public to gatehouse_definer;
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
