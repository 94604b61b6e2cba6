drop index api_credential_secrets_retires_at_idx;
revoke delete on api_credential_secrets from gatehouse_auth;
create or replace procedure lock_by_tenant(tenant_table regclass, tenant_column text default 'organization_id')
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', tenant_table);
  execute format('alter table %s force row level security', tenant_table);
  execute format(
    'create policy tenant on %s to gatehouse_api using (%I = any ((select tenant_ids())::text[])) with check (%I = any ((select tenant_ids())::text[]))',
    tenant_table, tenant_column, tenant_column);
end
$$;
drop procedure open_to_purge(regclass);
do $$
declare
  tenant_table regclass;
begin
  for tenant_table in select polrelid::regclass from pg_policy where polname = 'purge' loop
    execute format('drop policy purge on %s', tenant_table);
    execute format('revoke all on %s from gatehouse_purge', tenant_table);
  end loop;
end
$$;
drop index organizations_deleted_at_idx;
drop function purgeable_ids();
revoke usage on schema public from gatehouse_purge;
