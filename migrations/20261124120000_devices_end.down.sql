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

revoke select (user_id, organization_id_chosen, status), update (status) on device_codes from gatehouse_definer;
