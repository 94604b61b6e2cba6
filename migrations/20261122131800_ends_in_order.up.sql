-- Codes are burnt before families are ended: an exchange that is under way holds its code's row, is waited for, and its
-- family is there to be ended. Else one that commits between the two statements would leave a family that lives.
create or replace function end_families() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  gone jsonb := to_jsonb(old);
  user_gone text := case tg_table_name when 'users' then gone ->> 'id' when 'memberships' then gone ->> 'user_id' end;
  customer_gone text := case tg_table_name when 'customers' then gone ->> 'id' end;
  within text := gone ->> 'organization_id';
  ended text[];
begin
  -- Also those that were just used; a code is good for a minute, so older ones need not be written again.
  update authorization_codes set used_at = coalesce(used_at, clock_timestamp())
    where user_id = user_gone and (within is null or organization_id = within)
      and (used_at is null or used_at > clock_timestamp() - interval '5 minutes');
  with families as (
    update refresh_families set ended_at = clock_timestamp(), ended_because = tg_argv[0]
    where ended_at is null and (within is null or organization_id = within)
      and (user_id = user_gone or customer_id = customer_gone)
    returning id
  ) select array_agg('family:' || id) into ended from families;
  if tg_table_name = 'memberships' and ended is not null then
    insert into revocations (topic, not_before, expires_at)
      select topic, clock_timestamp() + interval '366 days', clock_timestamp() + interval '366 days' from unnest(ended) topic;
    perform pg_notify('revocations', 'families');
  end if;
  return null;
end
$$;

-- A hash that is only made anew, at another cost, is the same password: nobody is signed out by it.
drop trigger users_password_end_families on users;
create trigger users_password_end_families after update of password_hash on users for each row
  when (old.password_hash is not null and new.password_hash is distinct from old.password_hash
    and new.password_changed_at is distinct from old.password_changed_at)
  execute function end_families('password_changed');
drop trigger users_password_end_tokens on users;
create trigger users_password_end_tokens after update of password_hash on users for each row
  when (old.password_hash is not null and new.password_hash is distinct from old.password_hash
    and new.password_changed_at is distinct from old.password_changed_at)
  execute function end_tokens('user');
