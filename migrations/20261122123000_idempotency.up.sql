-- Answers to requests that carried an Idempotency-Key, so that the same request sent again gets the same answer.
create table idempotency_keys (
  caller text not null,
  key text not null,
  fingerprint text not null,
  answer text,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  constraint idempotency_keys_pkey primary key (caller, key)
);
comment on table idempotency_keys is 'One request of one caller that may be repeated. answer is sealed: it may show a secret.';
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);

create function caller_name() returns text
  language sql stable parallel safe
  return nullif(current_setting('app.caller', true), '');
comment on function caller_name() is 'The application (and user) that the current transaction serves, or null.';

alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy own on idempotency_keys to gatehouse_api
  using (caller = (select caller_name())) with check (caller = (select caller_name()));
create policy auth on idempotency_keys to gatehouse_auth using (true);
grant select, insert, update, delete on idempotency_keys to gatehouse_api;
grant select, delete on idempotency_keys to gatehouse_auth;
