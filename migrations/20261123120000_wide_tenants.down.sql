do $$
declare
  locked record;
begin
  for locked in
    select polrelid::regclass as tenant_table,
      case polrelid when 'organizations'::regclass then 'id' else 'organization_id' end as tenant_column
    from pg_policy where polname = 'tenant'
  loop
    execute format(
      'alter policy tenant on %s using (%I = any ((select tenant_ids())::text[])) with check (%2$I = any ((select tenant_ids())::text[]))',
      locked.tenant_table, locked.tenant_column);
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
  if tenant_column = 'organization_id' then
    call count_rows(tenant_table);
  end if;
end
$$;
drop function tenant_condition(name);
drop function tenant_id_set();
drop function first_tenant_id();
