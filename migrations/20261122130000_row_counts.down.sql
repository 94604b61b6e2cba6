do $$
declare
  counting record;
begin
  for counting in
    select tgname, tgrelid::regclass as counted from pg_trigger where tgfoid = 'count_changed_rows'::regproc
  loop
    execute format('drop trigger %I on %s', counting.tgname, counting.counted);
  end loop;
end
$$;
create or replace procedure lock_by_tenant(tenant_table regclass, tenant_column text default 'organization_id')
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', tenant_table);
  execute format('alter table %s force row level security', tenant_table);
  execute format(
    'create policy tenant on %s to gatehouse_api using (%I = any ((select tenant_ids())::text[])) with check (%I = any ((select tenant_ids())::text[]))',
    tenant_table, tenant_column, tenant_column);
  call open_to_purge(tenant_table);
end
$$;
comment on procedure lock_by_tenant(regclass, text) is 'Enables and forces row-level security with the tenant policy.';
drop procedure count_rows(regclass);
drop function count_changed_rows();
drop procedure add_to_row_count(text, text, bigint);
drop table row_counts;
