-- When tokens end, whatever the clocks of two machines say of "before".
-- What is deleted never comes back under its id: its tokens are dead for good. What is switched off or suspended may come
-- back, and then new tokens must count at once: there the epoch is exact, and while it is off, its row is asked too.
-- The same function ends the tokens of a credential whose life is cut short: they may have been minted to live beyond it.
create or replace function end_tokens() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ended text := tg_argv[0] || ':' || old.id;
  -- The longest access token lives a year (31536000 s); after that the row is of no use.
  useless_at timestamptz := clock_timestamp() + interval '366 days';
begin
  insert into revocations (topic, not_before, expires_at)
    values (ended, case tg_op when 'DELETE' then useless_at else clock_timestamp() end, useless_at);
  perform pg_notify('revocations', ended);
  return null;
end
$$;

-- Up to a minute ahead: what is about to expire has no life left to come back to. Later ends are met when they come, by
-- the row. A minute is also what the clocks of instances may differ by.
create trigger api_credentials_expired_end_tokens after update of expires_at on api_credentials for each row
  when (new.expires_at < clock_timestamp() + interval '1 minute' and new.expires_at is distinct from old.expires_at)
  execute function end_tokens('credential');

-- Only triggers write here for the resource layer, and they run as gatehouse_definer.
revoke insert on revocations from gatehouse_api;
