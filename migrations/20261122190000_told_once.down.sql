create or replace function tell_access_changed() returns trigger
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

create trigger memberships_end_tokens after delete on memberships
  for each row execute function end_tokens('membership');
