grant insert on revocations to gatehouse_api;
drop trigger api_credentials_expired_end_tokens on api_credentials;
create or replace function end_tokens() returns trigger
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
