-- Tables that belong to no organization.

create table settings (
  name text not null,
  value text not null,
  constraint settings_pkey primary key (name)
);
comment on table settings is 'Facts about this installation, e.g. the fingerprint of the master secret.';

create table users (
  id text not null,
  email text not null,
  email_verified_at timestamptz(3),
  first_name text,
  last_name text,
  time_zone text,
  password_hash text,
  otp_required_for_login boolean not null default false,
  disabled_at timestamptz(3),
  last_login_at timestamptz(3),
  last_active_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint users_pkey primary key (id),
  constraint users_email_uq unique (email),
  constraint users_email_canonical check (email = lower(email) and length(email) <= 254)
);
comment on table users is 'One human; seats in organizations are memberships.';

create table user_credentials (
  id text not null,
  user_id text not null,
  client_id text not null,
  secret_hash text not null,
  disabled_at timestamptz(3),
  last_used_at timestamptz(3),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint user_credentials_pkey primary key (id),
  constraint user_credentials_user_id_uq unique (user_id),
  constraint user_credentials_client_id_uq unique (client_id),
  constraint user_credentials_user_fkey foreign key (user_id) references users (id) on delete cascade
);
comment on table user_credentials is 'The personal provisioning credential (kind user); one a user, spans the organizations of that user.';

create table user_versions (
  id text not null,
  user_id text not null,
  event text not null,
  changes jsonb not null,
  who jsonb,
  request_id text,
  created_at timestamptz(3) not null,
  constraint user_versions_pkey primary key (id),
  constraint user_versions_user_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint user_versions_event check (event in ('create', 'update', 'destroy'))
);
comment on table user_versions is 'Changes of users: a user is in no organization, so its history cannot be in versions.';
create index user_versions_user_id_idx on user_versions (user_id, created_at);

create table slugs (
  slug text not null,
  organization_id text not null,
  constraint slugs_pkey primary key (slug)
);
comment on table slugs is 'Every slug ever used: never given to another organization, not even after deletion (a re-used slug is a confusion of tokens and hosts).';

create table base_permissions (
  subject text not null,
  can_create boolean not null default false,
  can_read boolean not null default false,
  can_update boolean not null default false,
  can_destroy boolean not null default false,
  constraint base_permissions_pkey primary key (subject)
);
comment on table base_permissions is 'What a new custom role starts with; filled by seeds/base_permissions.sql.';

create table signing_keys (
  kid text not null,
  alg text not null,
  public_jwk jsonb not null,
  private_key text not null,
  active_from timestamptz(3) not null,
  retired_at timestamptz(3),
  expires_at timestamptz(3),
  created_at timestamptz(3) not null,
  constraint signing_keys_pkey primary key (kid)
);
comment on table signing_keys is 'Key ring. private_key is sealed (AES-256-GCM) with a key derived from the master secret.';

create table revocations (
  id bigint generated always as identity,
  topic text not null,
  not_before timestamptz(3),
  expires_at timestamptz(3) not null,
  created_at timestamptz(3) not null default clock_timestamp(),
  constraint revocations_pkey primary key (id)
);
comment on table revocations is 'Epochs: no token about topic issued before not_before counts. A null not_before only tells instances that what they cached about topic has changed.';
create index revocations_created_at_idx on revocations (created_at);
create index revocations_expires_at_idx on revocations (expires_at);

create table outbox (
  id text not null,
  kind text not null,
  payload text not null,
  organization_id text,
  attempts integer not null default 0,
  next_attempt_at timestamptz(3) not null,
  sent_at timestamptz(3),
  dead_at timestamptz(3),
  last_error text,
  created_at timestamptz(3) not null,
  constraint outbox_pkey primary key (id)
);
comment on table outbox is 'Messages to send, written in the transaction of the change they tell of. payload is sealed: it may hold an invitation token.';
create index outbox_next_attempt_at_idx on outbox (next_attempt_at) where sent_at is null and dead_at is null;

-- Who may touch what. Nothing here is readable by gatehouse_api but one's own user.
alter table users enable row level security;
alter table users force row level security;
create policy own on users to gatehouse_api using (id = (select caller_user_id())) with check (id = (select caller_user_id()));
create policy auth on users to gatehouse_auth using (true) with check (true);
create policy definer on users to gatehouse_definer using (true);
grant select (id, email, email_verified_at, first_name, last_name, time_zone, otp_required_for_login, disabled_at,
  last_login_at, last_active_at, reference, reference_origin, metadata, created_at, updated_at) on users to gatehouse_api;
grant update (email, email_verified_at, first_name, last_name, time_zone, reference, reference_origin, metadata, updated_at)
  on users to gatehouse_api;
grant select, insert, update on users to gatehouse_auth;
grant select on users to gatehouse_definer;

alter table user_versions enable row level security;
alter table user_versions force row level security;
create policy own on user_versions to gatehouse_api using (user_id = (select caller_user_id())) with check (user_id = (select caller_user_id()));
grant select, insert on user_versions to gatehouse_api;

grant select, insert, update on user_credentials to gatehouse_auth;
grant select, insert on settings to gatehouse_auth;
grant insert on slugs to gatehouse_api;
grant select on base_permissions to gatehouse_api;
grant select, insert, update, delete on signing_keys to gatehouse_auth;
grant select, insert, delete on revocations to gatehouse_auth;
grant insert on revocations to gatehouse_api, gatehouse_definer;
grant insert on outbox to gatehouse_api;
grant select, insert, update, delete on outbox to gatehouse_auth;
