drop policy auth on user_versions;
revoke select, insert on user_versions from gatehouse_auth;
create or replace function copy_user_to_memberships() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update memberships set user_email = new.email, user_first_name = new.first_name, user_last_name = new.last_name
    where user_id = new.id;
  return null;
end
$$;
revoke update (updated_at) on memberships from gatehouse_definer;
alter table users drop column unconfirmed_email, drop column email_token_hash, drop column email_token_expires_at;
grant update (email, email_verified_at) on users to gatehouse_api;
