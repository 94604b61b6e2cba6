-- What a seat shows as its access scope: its profile's, or without one its own. Kept in the seat, as its user's address
-- and names are, so that a list finds it in an index.
alter table memberships add column shown_access_scope text;
-- The owner of a table passes by its row security while it is not forced: the rows of all tenants are filled in here.
alter table memberships no force row level security;
alter table membership_profiles no force row level security;
update memberships m set shown_access_scope = coalesce((select p.access_scope from membership_profiles p
  where p.organization_id = m.organization_id and p.id = m.membership_profile_id), m.access_scope);
alter table membership_profiles force row level security;
alter table memberships force row level security;
alter table memberships alter column shown_access_scope set not null;
create index memberships_organization_id_shown_access_scope_idx
  on memberships (organization_id, shown_access_scope, created_at, id);
grant select (shown_access_scope) on memberships to gatehouse_api;

grant create on schema public to gatehouse_definer;
-- Holding a row for share asks for the right to update it; no row that is changed meets the policy.
create policy definer on membership_profiles to gatehouse_definer using (true) with check (false);
grant select, update (id) on membership_profiles to gatehouse_definer;
grant update (shown_access_scope) on memberships to gatehouse_definer;

create function show_access_scope() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.membership_profile_id is null then
    new.shown_access_scope := new.access_scope;
  else
    -- Held until the end: who changes the profile meanwhile waits, and then finds this seat.
    select coalesce(max(held.access_scope), new.access_scope) into new.shown_access_scope from (
      select access_scope from membership_profiles
        where organization_id = new.organization_id and id = new.membership_profile_id for share
    ) held;
  end if;
  return new;
end
$$;
alter function show_access_scope() owner to gatehouse_definer;
revoke all on function show_access_scope() from public;
create trigger memberships_show_access_scope before insert or update of access_scope, membership_profile_id on memberships
  for each row execute function show_access_scope();

create function show_access_scope_of_profile() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update memberships set shown_access_scope = new.access_scope
    where organization_id = new.organization_id and membership_profile_id = new.id;
  return null;
end
$$;
alter function show_access_scope_of_profile() owner to gatehouse_definer;
revoke all on function show_access_scope_of_profile() from public;
create trigger membership_profiles_show_access_scope after update of access_scope on membership_profiles
  for each row when (new.access_scope <> old.access_scope) execute function show_access_scope_of_profile();
revoke create on schema public from gatehouse_definer;
