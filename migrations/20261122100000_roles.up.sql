-- Three database roles (see ARCHITECTURE.md, "Two locks"). Roles belong to the whole server, so another
-- Gatehouse database beside this one may have made them already.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['gatehouse_api', 'gatehouse_auth', 'gatehouse_definer'] loop
    begin
      execute format('create role %I nologin', role_name);
    exception when duplicate_object or unique_violation then
      null;
    end;
    -- Since PostgreSQL 16 who makes a role is its member without the right to take it on; before, there was no word for that.
    if not pg_has_role(current_user, role_name,
        case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end) then
      execute format('grant %I to current_user', role_name);
    end if;
  end loop;
end
$$;

grant usage on schema public to gatehouse_api, gatehouse_auth, gatehouse_definer;

-- The setting dies with the transaction and is '' afterwards: no value must mean no rows, never an error.
create function tenant_ids() returns text[]
  language sql stable parallel safe
  return string_to_array(coalesce(current_setting('app.organization_ids', true), ''), ',');
comment on function tenant_ids() is 'Organizations that the current transaction may touch (the second lock).';

create function caller_user_id() returns text
  language sql stable parallel safe
  return nullif(current_setting('app.user_id', true), '');
comment on function caller_user_id() is 'The user on whose behalf the current transaction runs, or null.';

-- Every tenant table calls this once; a spec reads the catalog and fails for one that does not.
create procedure lock_by_tenant(tenant_table regclass, tenant_column text default 'organization_id')
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', tenant_table);
  execute format('alter table %s force row level security', tenant_table);
  execute format(
    'create policy tenant on %s to gatehouse_api using (%I = any ((select tenant_ids())::text[])) with check (%I = any ((select tenant_ids())::text[]))',
    tenant_table, tenant_column, tenant_column);
end
$$;
comment on procedure lock_by_tenant(regclass, text) is 'Enables and forces row-level security with the tenant policy.';
