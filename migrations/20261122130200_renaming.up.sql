-- An organization may have another slug. Every slug it ever had stays its own: nobody else gets one, but it may go back.
grant create on schema public to gatehouse_definer;
grant select, insert on slugs to gatehouse_definer;
create function claim_slug(wanted text, organization text) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if organization <> all (tenant_ids()) then
    return false;
  end if;
  -- Waits for whoever claims the same at this moment.
  insert into slugs (slug, organization_id) values (wanted, organization) on conflict do nothing;
  return exists (select from slugs where slug = wanted and organization_id = organization);
end
$$;
alter function claim_slug(text, text) owner to gatehouse_definer;
revoke all on function claim_slug(text, text) from public;
grant execute on function claim_slug(text, text) to gatehouse_api;
comment on function claim_slug(text, text) is
  'Takes a slug for good for an organization of the calling transaction; false if another ever had it.';

grant update (slug) on organizations to gatehouse_api;

-- Instances remember the slug with an organization's applications: the next token carries the new one.
drop trigger organizations_tell on organizations;
create trigger organizations_tell after update of suspended_at, deleted_at, slug on organizations
  for each row execute function tell_access_changed();

-- Owners who leave at once take turns at the organization, which all of them have already locked against deletion by their
-- own history: a lock that is at odds with that one made them wait for each other in a circle.
create or replace function keep_an_owner() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform 1 from organizations where id = old.organization_id and deleted_at is null for no key update;
  if found and not exists (
    select 1 from memberships where organization_id = old.organization_id and owner and status = 'active'
  ) then
    raise exception 'the last owner of an organization cannot be lost'
      using errcode = 'check_violation', constraint = 'memberships_last_owner', table = 'memberships';
  end if;
  return null;
end
$$;
revoke create on schema public from gatehouse_definer;
