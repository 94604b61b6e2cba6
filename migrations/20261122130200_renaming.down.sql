create or replace function keep_an_owner() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform 1 from organizations where id = old.organization_id and deleted_at is null for update;
  if found and not exists (
    select 1 from memberships where organization_id = old.organization_id and owner and status = 'active'
  ) then
    raise exception 'the last owner of an organization cannot be lost'
      using errcode = 'check_violation', constraint = 'memberships_last_owner', table = 'memberships';
  end if;
  return null;
end
$$;
drop trigger organizations_tell on organizations;
create trigger organizations_tell after update of suspended_at, deleted_at on organizations
  for each row execute function tell_access_changed();
revoke update (slug) on organizations from gatehouse_api;
drop function claim_slug(text, text);
revoke select, insert on slugs from gatehouse_definer;
