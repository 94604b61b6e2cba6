-- A new address is a wish until the mailbox behind it has answered: only then does it count anywhere.
alter table users
  add column unconfirmed_email text,
  add column email_token_hash text,
  add column email_token_expires_at timestamptz(3),
  add constraint users_unconfirmed_email_canonical
    check (unconfirmed_email = lower(unconfirmed_email) and length(unconfirmed_email) <= 254);
create unique index users_email_token_hash_uq on users (email_token_hash) where email_token_hash is not null;

revoke update (email, email_verified_at) on users from gatehouse_api;
grant select (unconfirmed_email) on users to gatehouse_api;
grant update (unconfirmed_email, email_token_hash, email_token_expires_at) on users to gatehouse_api;

-- A seat shows that its person was renamed.
create or replace function copy_user_to_memberships() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update memberships set user_email = new.email, user_first_name = new.first_name, user_last_name = new.last_name,
      updated_at = greatest(new.updated_at, updated_at + interval '1 millisecond')
    where user_id = new.id;
  return null;
end
$$;
grant update (updated_at) on memberships to gatehouse_definer;

-- The authorization server writes the history of what it does to users.
create policy auth on user_versions to gatehouse_auth using (true) with check (true);
grant select, insert on user_versions to gatehouse_auth;
