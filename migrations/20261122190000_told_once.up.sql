-- A transaction tells of an organization once in ten seconds, not for each row: every instance reads the news of the last
-- minute again with each of its reads (tokens/revocation-mirror.ts), and a transaction that took longer than that minute
-- must not be missed. A purge tells nothing: it touches only what was deleted, and told
-- of, thirty days ago.
create or replace function tell_access_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  affected jsonb := to_jsonb(coalesce(new, old));
  topics text[] := array['organization:' || coalesce(affected ->> 'organization_id', affected ->> 'id')];
  told text := topics[1] || ' ' || floor(extract(epoch from clock_timestamp()) / 10);
begin
  if current_setting('role') = 'gatehouse_purge' then
    return null;
  end if;
  if tg_table_name = 'user_credentials' then
    topics := array['user:' || (affected ->> 'user_id')];
  elsif current_setting('gatehouse.told', true) = told then
    topics := '{}';
  else
    -- Of this transaction, or of its savepoint: what is rolled back has not been told.
    perform set_config('gatehouse.told', told, true);
  end if;
  if tg_table_name = 'memberships' and affected ->> 'user_id' is not null then
    topics := topics || ('user:' || (affected ->> 'user_id'));
  end if;
  if topics = '{}' then
    return null;
  end if;
  insert into revocations (topic, expires_at)
    select topic, clock_timestamp() + interval '10 minutes' from unnest(topics) topic;
  perform pg_notify('revocations', array_to_string(topics, ','));
  return null;
end
$$;

-- No token tells of its seat, and nobody ever asked for these: a seat's tokens end with its families, its person's rights
-- with the news above.
drop trigger memberships_end_tokens on memberships;
