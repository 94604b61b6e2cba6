-- `column = any (tenant_ids())` compares a row with one organization after the other: lists of somebody in 5,000 took 1.5 s.
-- Nearly every transaction is about one organization, which is compared first, and at no price beyond that. For the others
-- PostgreSQL looks up a key of a jsonb object, in a logarithm of their number; it makes the object only where somebody asks.
create function first_tenant_id() returns text
  language sql stable parallel safe
  return nullif(split_part(current_setting('app.organization_ids', true), ',', 1), '');
comment on function first_tenant_id() is 'The first of tenant_ids(), mostly the only one, or null.';

create function tenant_id_set() returns jsonb
  language sql stable parallel safe
  return jsonb_object(tenant_ids(), tenant_ids());
comment on function tenant_id_set() is 'The tenant_ids() as keys: whether one of them is there is found without looking at the others.';

create function tenant_condition(tenant_column name) returns text
  language sql immutable parallel safe
  return format('%1$I = (select first_tenant_id()) or ((select tenant_id_set()) -> %1$I) is not null', tenant_column);
comment on function tenant_condition(name) is 'What row-level security asks of each row of a tenant''s table.';

create or replace procedure lock_by_tenant(tenant_table regclass, tenant_column text default 'organization_id')
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', tenant_table);
  execute format('alter table %s force row level security', tenant_table);
  execute format(
    'create policy tenant on %s to gatehouse_api using (%s) with check (%2$s)',
    tenant_table, tenant_condition(tenant_column));
  call open_to_purge(tenant_table);
  if tenant_column = 'organization_id' then
    call count_rows(tenant_table);
  end if;
end
$$;

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
      'alter policy tenant on %s using (%s) with check (%2$s)',
      locked.tenant_table, tenant_condition(locked.tenant_column));
  end loop;
end
$$;
