-- Deleting an organization for good, thirty days after its soft deletion, and secrets when their overlap is over.
-- A role of its own: it may delete, and only what belongs to an organization whose time is over. lock_by_tenant gives it
-- its policy on every tenant table, also on those that later migrations make.
do $$
begin
  begin
    create role gatehouse_purge nologin;
  exception when duplicate_object or unique_violation then
    null;
  end;
  -- Since PostgreSQL 16 who makes a role is its member without the right to take it on; before, there was no word for that.
  if not pg_has_role(current_user, 'gatehouse_purge',
      case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end) then
    grant gatehouse_purge to current_user;
  end if;
end
$$;
grant usage on schema public to gatehouse_purge;

create function purgeable_ids() returns setof text
  language sql stable
  as $$ select id from organizations where deleted_at <= now() - interval '30 days' $$;
comment on function purgeable_ids() is 'Organizations that were deleted thirty days ago: nobody can restore them any more.';
create index organizations_deleted_at_idx on organizations (deleted_at) where deleted_at is not null;

create procedure open_to_purge(tenant_table regclass)
  language plpgsql as $$
begin
  if tenant_table = 'organizations'::regclass then
    create policy purge on organizations to gatehouse_purge using (deleted_at <= now() - interval '30 days');
  else
    execute format('create policy purge on %s to gatehouse_purge using (organization_id in (select purgeable_ids()))', tenant_table);
  end if;
  execute format('grant select, delete on %s to gatehouse_purge', tenant_table);
end
$$;
comment on procedure open_to_purge(regclass) is 'Lets the purge delete from a tenant table what belongs to organizations whose time is over.';

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

do $$
declare
  tenant_table regclass;
begin
  for tenant_table in
    select p.polrelid::regclass from pg_policy p
    where p.polname = 'tenant' and not exists (select from pg_policy q where q.polrelid = p.polrelid and q.polname = 'purge')
  loop
    call open_to_purge(tenant_table);
  end loop;
end
$$;

grant delete on api_credential_secrets to gatehouse_auth;
create index api_credential_secrets_retires_at_idx on api_credential_secrets (retires_at) where retires_at is not null;
