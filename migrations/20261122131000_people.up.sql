-- People sign in, and applications act for them: browser sessions, consents, codes, families of refresh tokens.
-- All of it is the authorization server's: gatehouse_api is given none of these tables.

alter table users
  add column password_changed_at timestamptz(3),
  add column totp_secret text,
  add column totp_confirmed_at timestamptz(3),
  add column totp_last_step bigint;
comment on column users.totp_secret is 'Sealed. Counts only when totp_confirmed_at is set.';
comment on column users.totp_last_step is 'Time step of the last code that was taken: no code is good twice.';

create table recovery_codes (
  user_id text not null,
  hash text not null,
  used_at timestamptz(3),
  created_at timestamptz(3) not null,
  constraint recovery_codes_pkey primary key (user_id, hash),
  constraint recovery_codes_user_fkey foreign key (user_id) references users (id) on delete cascade
);
comment on table recovery_codes is 'Codes that stand in for a lost second factor, each once.';
grant select, insert, update, delete on recovery_codes to gatehouse_auth;

-- What a mail carries to prove a mailbox: each token has one purpose and is good once.
create table mailed_tokens (
  hash text not null,
  purpose text not null,
  email text not null,
  user_id text,
  payload jsonb not null default '{}',
  expires_at timestamptz(3) not null,
  used_at timestamptz(3),
  created_at timestamptz(3) not null,
  constraint mailed_tokens_pkey primary key (hash),
  constraint mailed_tokens_purpose check (purpose in ('sign_up', 'password_reset')),
  constraint mailed_tokens_user_fkey foreign key (user_id) references users (id) on delete cascade
);
comment on table mailed_tokens is 'Tokens that were mailed to sign up or to choose a new password.';
create index mailed_tokens_user_id_idx on mailed_tokens (user_id);
create index mailed_tokens_expires_at_idx on mailed_tokens (expires_at);
grant select, insert, update, delete on mailed_tokens to gatehouse_auth;

create table sessions (
  id text not null,
  user_id text not null,
  token_hash text not null,
  amr jsonb not null default '[]',
  authenticated_at timestamptz(3) not null,
  last_seen_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  ended_at timestamptz(3),
  address text,
  user_agent text,
  created_at timestamptz(3) not null,
  constraint sessions_pkey primary key (id),
  constraint sessions_token_hash_uq unique (token_hash),
  constraint sessions_user_fkey foreign key (user_id) references users (id) on delete cascade
);
comment on table sessions is 'A person signed in with a browser. The cookie holds the token; here is its keyed hash.';
create index sessions_user_id_idx on sessions (user_id, created_at);
create index sessions_expires_at_idx on sessions (expires_at);
grant select, insert, update, delete on sessions to gatehouse_auth;

-- How long a sign-in is good for what it does in an organization; null: the installation's limits.
alter table organizations
  add column session_max_seconds integer,
  add column session_idle_seconds integer,
  add constraint organizations_session_max_seconds check (session_max_seconds between 300 and 31536000),
  add constraint organizations_session_idle_seconds check (session_idle_seconds between 300 and 31536000);
grant update (session_max_seconds, session_idle_seconds) on organizations to gatehouse_api;

-- Keys with which a client signs assertions (RFC 7523).
alter table api_credentials add column jwks jsonb;
grant update (jwks) on api_credentials to gatehouse_api;
drop trigger api_credentials_tell on api_credentials;
create trigger api_credentials_tell
  after delete or update of name, role_id, redirect_uri, redirect_uris, require_pkce, jwks, scopes, expires_in, expires_at, disabled_at on api_credentials
  for each row execute function tell_access_changed();

create table consents (
  organization_id text not null,
  id text not null,
  user_id text not null,
  client_id text not null,
  api_credential_id text,
  scope text not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint consents_pkey primary key (organization_id, id),
  constraint consents_client_uq unique (organization_id, user_id, client_id),
  constraint consents_organization_fkey foreign key (organization_id) references organizations (id),
  constraint consents_credential_fkey foreign key (organization_id, api_credential_id)
    references api_credentials (organization_id, id) on delete cascade,
  constraint consents_user_fkey foreign key (user_id) references users (id) on delete cascade
);
comment on table consents is 'What a person lets an application do in their name.';
call lock_by_tenant('consents');
create index consents_user_id_idx on consents (user_id, created_at);
create index consents_credential_idx on consents (organization_id, api_credential_id);

-- A family is what one sign-in, consent or assertion began: one refresh token of it is good at a time.
create table refresh_families (
  organization_id text not null,
  id text not null,
  client_id text not null,
  api_credential_id text,
  user_id text,
  customer_id text,
  session_id text,
  scope text not null,
  custom_claim jsonb,
  resource text,
  authenticated_at timestamptz(3),
  amr jsonb not null default '[]',
  ended_at timestamptz(3),
  ended_because text,
  created_at timestamptz(3) not null,
  last_used_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  constraint refresh_families_pkey primary key (organization_id, id),
  constraint refresh_families_organization_fkey foreign key (organization_id) references organizations (id),
  constraint refresh_families_credential_fkey foreign key (organization_id, api_credential_id)
    references api_credentials (organization_id, id) on delete cascade,
  constraint refresh_families_user_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint refresh_families_customer_fkey foreign key (organization_id, customer_id)
    references customers (organization_id, id) on delete cascade,
  constraint refresh_families_session_fkey foreign key (session_id) references sessions (id) on delete set null
);
comment on table refresh_families is 'Refresh tokens that follow one another; ended as a whole.';
call lock_by_tenant('refresh_families');
create index refresh_families_id_idx on refresh_families (id);
create index refresh_families_user_id_idx on refresh_families (user_id, created_at);
create index refresh_families_session_id_idx on refresh_families (session_id);
create index refresh_families_credential_idx on refresh_families (organization_id, api_credential_id);
create index refresh_families_customer_idx on refresh_families (organization_id, customer_id);
create index refresh_families_expires_at_idx on refresh_families (expires_at);

create table refresh_tokens (
  organization_id text not null,
  hash text not null,
  family_id text not null,
  used_at timestamptz(3),
  answer text,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  constraint refresh_tokens_pkey primary key (organization_id, hash),
  constraint refresh_tokens_family_fkey foreign key (organization_id, family_id)
    references refresh_families (organization_id, id) on delete cascade
);
comment on table refresh_tokens is 'One refresh token, by its keyed hash. answer is sealed: what its use was answered, for who asks again within seconds.';
call lock_by_tenant('refresh_tokens');
create index refresh_tokens_hash_idx on refresh_tokens (hash);
create index refresh_tokens_family_idx on refresh_tokens (organization_id, family_id);
create index refresh_tokens_used_at_idx on refresh_tokens (used_at) where answer is not null;

create table authorization_codes (
  organization_id text not null,
  hash text not null,
  client_id text not null,
  api_credential_id text,
  user_id text not null,
  session_id text,
  redirect_uri text not null,
  scope text not null,
  code_challenge text,
  nonce text,
  resource text,
  authenticated_at timestamptz(3) not null,
  amr jsonb not null default '[]',
  used_at timestamptz(3),
  family_id text,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  constraint authorization_codes_pkey primary key (organization_id, hash),
  constraint authorization_codes_organization_fkey foreign key (organization_id) references organizations (id),
  constraint authorization_codes_credential_fkey foreign key (organization_id, api_credential_id)
    references api_credentials (organization_id, id) on delete cascade,
  constraint authorization_codes_user_fkey foreign key (user_id) references users (id) on delete cascade
);
comment on table authorization_codes is 'Codes of the authorization endpoint: a minute, once. family_id is what the first use began; a second use ends it.';
call lock_by_tenant('authorization_codes');
create index authorization_codes_hash_idx on authorization_codes (hash);
create index authorization_codes_credential_idx on authorization_codes (organization_id, api_credential_id);
create index authorization_codes_user_id_idx on authorization_codes (user_id);
create index authorization_codes_expires_at_idx on authorization_codes (expires_at);

create table pushed_requests (
  hash text not null,
  client_id text not null,
  parameters jsonb not null,
  used_at timestamptz(3),
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  constraint pushed_requests_pkey primary key (hash)
);
comment on table pushed_requests is 'Authorization requests that a client has pushed (RFC 9126).';
create index pushed_requests_expires_at_idx on pushed_requests (expires_at);

create table device_codes (
  hash text not null,
  user_code_hash text not null,
  client_id text not null,
  scope text not null,
  status text not null default 'pending',
  organization_id_chosen text,
  user_id text,
  session_id text,
  authenticated_at timestamptz(3),
  amr jsonb not null default '[]',
  interval_seconds integer not null,
  polled_at timestamptz(3),
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  constraint device_codes_pkey primary key (hash),
  constraint device_codes_user_code_uq unique (user_code_hash),
  constraint device_codes_status check (status in ('pending', 'approved', 'denied', 'used')),
  constraint device_codes_user_fkey foreign key (user_id) references users (id) on delete cascade
);
comment on table device_codes is 'Devices that wait for a person to let them in (RFC 8628).';
create index device_codes_expires_at_idx on device_codes (expires_at);
create index device_codes_user_id_idx on device_codes (user_id);

create table used_assertions (
  client_id text not null,
  jti_hash text not null,
  expires_at timestamptz(3) not null,
  constraint used_assertions_pkey primary key (client_id, jti_hash)
);
comment on table used_assertions is 'Assertions that were taken once (RFC 7523 §3): a second use is a replay.';
create index used_assertions_expires_at_idx on used_assertions (expires_at);

grant select, insert, update, delete on pushed_requests, device_codes, used_assertions to gatehouse_auth;

do $$
declare
  locked text;
begin
  foreach locked in array array['consents', 'refresh_families', 'refresh_tokens', 'authorization_codes'] loop
    execute format('create policy auth on %I to gatehouse_auth using (true) with check (true)', locked);
    execute format('grant select, insert, update, delete on %I to gatehouse_auth', locked);
  end loop;
end
$$;
