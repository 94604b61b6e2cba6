-- Sign-in through the organization's own identity provider. They belong to an organization on this side, although the
-- contract shows none: its attribute `organization` is a parameter for the provider's authorize address.
create table identity_providers (
  organization_id text not null,
  id text not null,
  user_id text not null,
  name text not null,
  name_key text not null generated always as (lower(name)) stored,
  client_id text not null,
  client_secret_sealed text not null,
  issuer text not null,
  token_url text not null,
  authorize_url text not null,
  jwks_url text not null,
  domains text not null,
  organization text,
  status text not null default 'pending',
  txt_record text not null,
  checked_at timestamptz(3),
  next_check_at timestamptz(3),
  disabled_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint identity_providers_pkey primary key (organization_id, id),
  constraint identity_providers_organization_fkey foreign key (organization_id) references organizations (id),
  constraint identity_providers_user_fkey foreign key (user_id) references users (id),
  -- Unique where it is chosen from. The contract wants it unique among all organizations (3.8), but then a refusal
  -- would tell one tenant what another has.
  constraint identity_providers_name_uq unique (organization_id, name_key),
  constraint identity_providers_status check (status in ('pending', 'verified', 'error'))
);
comment on table identity_providers is 'OpenID providers of an organization. client_secret_sealed is encrypted (AES-256-GCM) with a key derived from the master secret.';
call lock_by_tenant('identity_providers');
call index_common('identity_providers');
create index identity_providers_organization_id_name_idx on identity_providers (organization_id, name, id);
create index identity_providers_organization_id_status_idx on identity_providers (organization_id, status, id);
create index identity_providers_organization_id_disabled_at_idx on identity_providers (organization_id, disabled_at, id);
create index identity_providers_next_check_at_idx on identity_providers (next_check_at) where next_check_at is not null;

grant select (organization_id, id, user_id, name, client_id, issuer, token_url, authorize_url, jwks_url, domains, organization,
  status, txt_record, checked_at, disabled_at, reference, reference_origin, metadata, created_at, updated_at)
  on identity_providers to gatehouse_api;
grant insert, delete on identity_providers to gatehouse_api;
grant update (name, client_id, client_secret_sealed, issuer, token_url, authorize_url, jwks_url, domains, organization, status,
  txt_record, next_check_at, disabled_at, reference, reference_origin, metadata, updated_at) on identity_providers to gatehouse_api;
create policy auth on identity_providers to gatehouse_auth using (true) with check (true);
grant select on identity_providers to gatehouse_auth;
grant update (status, checked_at, next_check_at, updated_at) on identity_providers to gatehouse_auth;
