-- What the grants need of families and codes.

-- The first-party console may act for a person in all their organizations: its families and codes stand under '-'.
alter table refresh_families drop constraint refresh_families_organization_fkey;
alter table authorization_codes drop constraint authorization_codes_organization_fkey;
comment on column refresh_families.organization_id is 'Of the tokens; ''-'': of no organization, but of its user in all of them.';
comment on column authorization_codes.organization_id is 'As in refresh_families.';

-- Nobody lists these by organization, and each refresh writes here: they are not counted.
do $$
declare
  uncounted text;
begin
  foreach uncounted in array array['refresh_families', 'refresh_tokens', 'authorization_codes'] loop
    execute format('drop trigger %I on %I', uncounted || '_count_inserted', uncounted);
    execute format('drop trigger %I on %I', uncounted || '_count_deleted', uncounted);
  end loop;
end
$$;
-- The owner of a table passes by its row security while it is not forced.
alter table row_counts no force row level security;
delete from row_counts where table_name in ('refresh_families', 'refresh_tokens', 'authorization_codes');
alter table row_counts force row level security;

-- An assertion names a user who has not signed in: such a token acts with less than all of the user's rights.
alter table refresh_families add column asserted boolean not null default false;

create index refresh_families_ended_at_idx on refresh_families (ended_at) where ended_at is not null;
create index refresh_tokens_expires_at_idx on refresh_tokens (expires_at);
create index sessions_ended_at_idx on sessions (ended_at) where ended_at is not null;

-- Whoever is gone, switched off or has another password has no family left: in the transaction that does it, on every
-- route to it. What a deleted seat has left of access tokens ends by family; the others have epochs of their own.
grant create on schema public to gatehouse_definer;
create policy definer on refresh_families to gatehouse_definer using (true) with check (true);
create policy definer on authorization_codes to gatehouse_definer using (true) with check (true);
grant select, update (ended_at, ended_because) on refresh_families to gatehouse_definer;
grant select, update (used_at) on authorization_codes to gatehouse_definer;

create function end_families() returns trigger
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
alter function end_families() owner to gatehouse_definer;
revoke all on function end_families() from public;
revoke create on schema public from gatehouse_definer;

create trigger users_password_end_families after update of password_hash on users for each row
  when (old.password_hash is not null and new.password_hash is distinct from old.password_hash)
  execute function end_families('password_changed');
create trigger users_password_end_tokens after update of password_hash on users for each row
  when (old.password_hash is not null and new.password_hash is distinct from old.password_hash)
  execute function end_tokens('user');
create trigger users_disabled_end_families after update of disabled_at on users for each row
  when (new.disabled_at is not null and old.disabled_at is null) execute function end_families('user_disabled');
create trigger memberships_end_families after delete on memberships for each row
  when (old.user_id is not null) execute function end_families('seat_ended');
create trigger customers_end_families after update of password_hash, disabled_at on customers for each row
  when ((old.password_hash is not null and new.password_hash is distinct from old.password_hash)
    or (new.disabled_at is not null and old.disabled_at is null))
  execute function end_families('customer_changed');
