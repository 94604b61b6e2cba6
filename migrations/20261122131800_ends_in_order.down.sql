create or replace function end_families() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  gone jsonb := to_jsonb(old);
  user_gone text := case tg_table_name when 'users' then gone ->> 'id' when 'memberships' then gone ->> 'user_id' end;
  customer_gone text := case tg_table_name when 'customers' then gone ->> 'id' end;
  within text := gone ->> 'organization_id';
  ended text[];
begin
  with families as (
    update refresh_families set ended_at = clock_timestamp(), ended_because = tg_argv[0]
    where ended_at is null and (within is null or organization_id = within)
      and (user_id = user_gone or customer_id = customer_gone)
    returning id
  ) select array_agg('family:' || id) into ended from families;
  update authorization_codes set used_at = clock_timestamp()
    where used_at is null and user_id = user_gone and (within is null or organization_id = within);
  if tg_table_name = 'memberships' and ended is not null then
    insert into revocations (topic, not_before, expires_at)
      select topic, clock_timestamp() + interval '366 days', clock_timestamp() + interval '366 days' from unnest(ended) topic;
    perform pg_notify('revocations', 'families');
  end if;
  return null;
end
$$;

drop trigger users_password_end_families on users;
create trigger users_password_end_families after update of password_hash on users for each row
  when (old.password_hash is not null and new.password_hash is distinct from old.password_hash)
  execute function end_families('password_changed');
drop trigger users_password_end_tokens on users;
create trigger users_password_end_tokens after update of password_hash on users for each row
  when (old.password_hash is not null and new.password_hash is distinct from old.password_hash)
  execute function end_tokens('user');
