-- Rules that must hold on every route to a row, also on one that nobody has thought of yet.
-- The functions run as gatehouse_definer: it owns nothing else and sees only what its policies give it.

grant create on schema public to gatehouse_definer;
grant select on memberships, organizations, api_credentials, api_credential_secrets to gatehouse_definer;
grant update (user_email, user_first_name, user_last_name) on memberships to gatehouse_definer;
grant update on organizations to gatehouse_definer;
create policy definer on memberships to gatehouse_definer using (true) with check (true);
create policy definer on organizations to gatehouse_definer using (true);

-- The one honest look-up across organizations: whose address is it? Answers an id, nothing else.
create function user_id_by_email(address text) returns text
  language sql stable security definer set search_path = public, pg_temp
  as $$ select id from users where email = address and disabled_at is null and email_verified_at is not null $$;
alter function user_id_by_email(text) owner to gatehouse_definer;
revoke all on function user_id_by_email(text) from public;
grant execute on function user_id_by_email(text) to gatehouse_api, gatehouse_auth;
comment on function user_id_by_email(text) is 'Id of the enabled user with this proven address, for an invitation.';

-- Tells all instances that cached rights or clients of an organization (or user) are stale.
create function tell_access_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  affected jsonb := to_jsonb(coalesce(new, old));
  topics text[] := array['organization:' || coalesce(affected ->> 'organization_id', affected ->> 'id')];
begin
  if tg_table_name = 'user_credentials' then
    topics := array['user:' || (affected ->> 'user_id')];
  end if;
  if tg_table_name = 'memberships' and affected ->> 'user_id' is not null then
    topics := topics || ('user:' || (affected ->> 'user_id'));
  end if;
  insert into revocations (topic, expires_at)
    select topic, clock_timestamp() + interval '10 minutes' from unnest(topics) topic;
  perform pg_notify('revocations', array_to_string(topics, ','));
  return null;
end
$$;
alter function tell_access_changed() owner to gatehouse_definer;
revoke all on function tell_access_changed() from public;

create trigger organizations_tell after update of suspended_at, deleted_at on organizations
  for each row execute function tell_access_changed();
create trigger roles_tell after update of kind or delete on roles
  for each row execute function tell_access_changed();
create trigger permissions_tell after insert or update or delete on permissions
  for each row execute function tell_access_changed();
create trigger memberships_tell after insert or delete or update of role_id, owner, status, access_scope, user_id on memberships
  for each row execute function tell_access_changed();
create trigger api_credentials_tell
  after delete or update of role_id, redirect_uri, redirect_uris, require_pkce, scopes, expires_in, expires_at, disabled_at on api_credentials
  for each row execute function tell_access_changed();
create trigger user_credentials_tell after delete or update of secret_hash, disabled_at on user_credentials
  for each row execute function tell_access_changed();
create trigger api_credential_secrets_tell after insert or delete or update of retires_at on api_credential_secrets
  for each row execute function tell_access_changed();

-- Ends the tokens of what is gone or switched off, on every instance, in the transaction that switches it off.
create function end_tokens() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ended text := tg_argv[0] || ':' || old.id;
begin
  -- The longest access token lives a year (31536000 s); after that the row is of no use.
  insert into revocations (topic, not_before, expires_at)
    values (ended, clock_timestamp(), clock_timestamp() + interval '366 days');
  perform pg_notify('revocations', ended);
  return null;
end
$$;
alter function end_tokens() owner to gatehouse_definer;
revoke all on function end_tokens() from public;

create trigger organizations_end_tokens after update of deleted_at, suspended_at on organizations for each row
  when ((new.deleted_at is not null and old.deleted_at is null) or (new.suspended_at is not null and old.suspended_at is null))
  execute function end_tokens('organization');
create trigger api_credentials_deleted_end_tokens after delete on api_credentials
  for each row execute function end_tokens('credential');
create trigger api_credentials_disabled_end_tokens after update of disabled_at on api_credentials for each row
  when (new.disabled_at is not null and old.disabled_at is null) execute function end_tokens('credential');
create trigger api_credential_secrets_end_tokens after delete on api_credential_secrets
  for each row execute function end_tokens('secret');
create trigger memberships_end_tokens after delete on memberships
  for each row execute function end_tokens('membership');
create trigger user_credentials_end_tokens after update of secret_hash, disabled_at on user_credentials for each row
  when (new.secret_hash <> old.secret_hash or (new.disabled_at is not null and old.disabled_at is null))
  execute function end_tokens('credential');
create trigger users_end_tokens after update of disabled_at on users for each row
  when (new.disabled_at is not null and old.disabled_at is null) execute function end_tokens('user');

-- The last owner can never be lost, however concurrent (DECISIONS 3). The lock on the organization makes two
-- demotions at once take turns; each statement of the function sees what the other has committed.
create function keep_an_owner() returns trigger
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
alter function keep_an_owner() owner to gatehouse_definer;
revoke all on function keep_an_owner() from public;
create constraint trigger memberships_last_owner after delete or update of owner, status on memberships
  deferrable initially deferred for each row when (old.owner) execute function keep_an_owner();

-- A seat shows its user's address and names; the copy spares every list a join and lets users stay closed.
create function copy_user_to_memberships() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update memberships set user_email = new.email, user_first_name = new.first_name, user_last_name = new.last_name
    where user_id = new.id;
  return null;
end
$$;
alter function copy_user_to_memberships() owner to gatehouse_definer;
revoke all on function copy_user_to_memberships() from public;
create trigger users_copy_to_memberships after update of email, first_name, last_name on users
  for each row execute function copy_user_to_memberships();

create function fill_membership_user() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  select first_name, last_name into new.user_first_name, new.user_last_name from users where id = new.user_id;
  return new;
end
$$;
alter function fill_membership_user() owner to gatehouse_definer;
revoke all on function fill_membership_user() from public;
create trigger memberships_fill_user before insert or update of user_id on memberships
  for each row when (new.user_id is not null) execute function fill_membership_user();

revoke create on schema public from gatehouse_definer;
