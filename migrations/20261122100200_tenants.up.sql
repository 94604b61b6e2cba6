-- Tenant tables: organization_id is first in every key, so that a row can never point into another
-- organization (foreign-key checks bypass row security) and so that the tables can be distributed by it.

create table organizations (
  id text not null,
  name text not null,
  slug text not null,
  support_phone text,
  support_email text,
  logo_url text,
  favicon_url text,
  primary_color text,
  contrast_color text,
  gtm_id text,
  gtm_id_test text,
  region text not null default 'eu-west-1',
  config jsonb,
  can_switch_live boolean not null default true,
  suspended_at timestamptz(3),
  deleted_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint organizations_pkey primary key (id),
  constraint organizations_slug_uq unique (slug),
  constraint organizations_slug_label check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')
);
comment on table organizations is 'The tenant.';
call lock_by_tenant('organizations', 'id');
create index organizations_created_at_idx on organizations (created_at, id);

create table roles (
  organization_id text not null,
  id text not null,
  name text not null,
  kind text not null default 'custom',
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint roles_pkey primary key (organization_id, id),
  constraint roles_organization_fkey foreign key (organization_id) references organizations (id),
  constraint roles_kind check (kind in ('custom', 'admin', 'read_only'))
);
comment on table roles is 'A named set of rights in one organization; admin and read_only are computed, custom has permissions.';
call lock_by_tenant('roles');
create index roles_id_idx on roles (id);
create index roles_organization_id_created_at_idx on roles (organization_id, created_at, id);
create index roles_organization_id_name_idx on roles (organization_id, name, id);
create index roles_organization_id_reference_idx on roles (organization_id, reference, id);
create unique index roles_organization_id_kind_uq on roles (organization_id, kind) where kind <> 'custom';

create table permissions (
  organization_id text not null,
  id text not null,
  role_id text not null,
  subject text not null,
  can_create boolean not null,
  can_read boolean not null,
  can_update boolean not null,
  can_destroy boolean not null,
  restrictions jsonb not null default '{}',
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint permissions_pkey primary key (organization_id, id),
  constraint permissions_organization_fkey foreign key (organization_id) references organizations (id),
  constraint permissions_role_fkey foreign key (organization_id, role_id) references roles (organization_id, id),
  constraint permissions_role_id_subject_uq unique (organization_id, role_id, subject)
);
comment on table permissions is 'One subject of one custom role and the four things that may be done to it.';
call lock_by_tenant('permissions');
create index permissions_id_idx on permissions (id);
create index permissions_organization_id_created_at_idx on permissions (organization_id, created_at, id);

create table memberships (
  organization_id text not null,
  id text not null,
  role_id text not null,
  user_id text,
  user_email text not null,
  user_first_name text,
  user_last_name text,
  status text not null default 'pending',
  owner boolean not null default false,
  access_scope text not null default 'live_access',
  invitation_status text not null default 'pending',
  invitation_token_hash text,
  invitation_expires_at timestamptz(3),
  invited_by text,
  accepted_at timestamptz(3),
  last_login_at timestamptz(3),
  last_active_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint memberships_pkey primary key (organization_id, id),
  constraint memberships_organization_fkey foreign key (organization_id) references organizations (id),
  constraint memberships_role_fkey foreign key (organization_id, role_id) references roles (organization_id, id),
  constraint memberships_user_fkey foreign key (user_id) references users (id),
  constraint memberships_user_email_uq unique (organization_id, user_email),
  constraint memberships_user_id_uq unique (organization_id, user_id),
  constraint memberships_user_email_canonical check (user_email = lower(user_email) and length(user_email) <= 254),
  constraint memberships_status check (status in ('pending', 'active')),
  constraint memberships_invitation_status check (invitation_status in ('pending', 'accepted', 'expired', 'revoked')),
  constraint memberships_access_scope check (access_scope in ('live_access', 'test_access', 'all_access')),
  constraint memberships_active_has_user check (status = 'pending' or user_id is not null),
  constraint memberships_owner_is_active check (not owner or status = 'active')
);
comment on table memberships is 'One user''s seat in one organization. While pending it is the invitation: one row an address, whose token is kept as a keyed hash.';
call lock_by_tenant('memberships');
create index memberships_id_idx on memberships (id);
create index memberships_user_id_idx on memberships (user_id);
create index memberships_organization_id_created_at_idx on memberships (organization_id, created_at, id);
create index memberships_organization_id_status_idx on memberships (organization_id, status, id);
create index memberships_organization_id_role_id_idx on memberships (organization_id, role_id, id);
create unique index memberships_invitation_token_hash_uq on memberships (invitation_token_hash) where invitation_token_hash is not null;

create table api_credentials (
  organization_id text not null,
  id text not null,
  role_id text,
  name text not null,
  kind text not null,
  client_id text not null,
  confidential boolean not null,
  redirect_uri text,
  redirect_uris jsonb not null default '[]',
  require_pkce boolean not null default true,
  scopes text not null default 'market:all',
  expires_in integer not null,
  mode text not null default 'test',
  custom boolean,
  created_by jsonb,
  last_used_at timestamptz(3),
  expires_at timestamptz(3),
  disabled_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint api_credentials_pkey primary key (organization_id, id),
  constraint api_credentials_organization_fkey foreign key (organization_id) references organizations (id),
  constraint api_credentials_role_fkey foreign key (organization_id, role_id) references roles (organization_id, id),
  constraint api_credentials_mode check (mode in ('test', 'live')),
  constraint api_credentials_expires_in check (expires_in between 7200 and 31536000),
  constraint api_credentials_sales_channel_has_no_role check (kind not in ('sales_channel', 'webapp') or role_id is null),
  constraint api_credentials_integration_has_role check (kind <> 'integration' or role_id is not null)
);
comment on table api_credentials is 'An application of an organization: sales channel, integration, webapp.';
call lock_by_tenant('api_credentials');
create index api_credentials_id_idx on api_credentials (id);
create unique index api_credentials_client_id_uq on api_credentials (client_id);
create index api_credentials_organization_id_created_at_idx on api_credentials (organization_id, created_at, id);
create index api_credentials_organization_id_role_id_idx on api_credentials (organization_id, role_id, id);
create index api_credentials_organization_id_mode_idx on api_credentials (organization_id, mode, id);

create table api_credential_secrets (
  organization_id text not null,
  id text not null,
  api_credential_id text not null,
  hash text not null,
  last_used_at timestamptz(3),
  retires_at timestamptz(3),
  created_at timestamptz(3) not null,
  constraint api_credential_secrets_pkey primary key (organization_id, id),
  constraint api_credential_secrets_api_credential_fkey foreign key (organization_id, api_credential_id)
    references api_credentials (organization_id, id) on delete cascade
);
comment on table api_credential_secrets is 'Secrets of a credential, as HMAC-SHA-256 under the pepper; several live side by side during a rotation.';
call lock_by_tenant('api_credential_secrets');
create index api_credential_secrets_credential_idx on api_credential_secrets (organization_id, api_credential_id);

create table versions (
  organization_id text not null,
  id text not null,
  resource_type text not null,
  resource_id text not null,
  event text not null,
  changes jsonb not null,
  who jsonb,
  request_id text,
  created_at timestamptz(3) not null,
  constraint versions_pkey primary key (organization_id, id),
  constraint versions_organization_fkey foreign key (organization_id) references organizations (id),
  constraint versions_event check (event in ('create', 'update', 'destroy'))
);
comment on table versions is 'What changed, from what to what, by whom. Append-only; written in the transaction of the change; never holds a secret.';
call lock_by_tenant('versions');
create index versions_id_idx on versions (id);
create index versions_organization_id_created_at_idx on versions (organization_id, created_at, id);
create index versions_organization_id_resource_idx on versions (organization_id, resource_type, resource_id, created_at, id);

-- The resource layer: rows by policy, columns by grant. Secret hashes may be written and never read back.
grant select, insert on organizations to gatehouse_api;
grant update (name, support_phone, support_email, logo_url, favicon_url, primary_color, contrast_color, gtm_id, gtm_id_test,
  config, deleted_at, reference, reference_origin, metadata, updated_at) on organizations to gatehouse_api;
grant select, insert, delete on roles, permissions to gatehouse_api;
grant update (name, reference, reference_origin, metadata, updated_at) on roles to gatehouse_api;
grant update (can_create, can_read, can_update, can_destroy, reference, reference_origin, metadata, updated_at)
  on permissions to gatehouse_api;
grant select (organization_id, id, role_id, user_id, user_email, user_first_name, user_last_name, status, owner,
  access_scope, invitation_status, invitation_expires_at, invited_by, accepted_at, last_login_at, last_active_at, reference,
  reference_origin, metadata, created_at, updated_at) on memberships to gatehouse_api;
grant insert, delete on memberships to gatehouse_api;
grant update (role_id, owner, access_scope, status, invitation_status, invitation_token_hash, invitation_expires_at,
  reference, reference_origin, metadata, updated_at) on memberships to gatehouse_api;
grant select, insert, delete on api_credentials to gatehouse_api;
grant update (role_id, name, redirect_uri, redirect_uris, require_pkce, scopes, expires_in, expires_at, disabled_at, reference,
  reference_origin, metadata, updated_at) on api_credentials to gatehouse_api;
grant select (organization_id, id, api_credential_id, last_used_at, retires_at, created_at) on api_credential_secrets to gatehouse_api;
grant insert, delete on api_credential_secrets to gatehouse_api;
grant update (retires_at) on api_credential_secrets to gatehouse_api;
grant select, insert on versions to gatehouse_api;

-- The authorization server: its few tables.
create policy auth on organizations for select to gatehouse_auth using (true);
create policy auth on roles for select to gatehouse_auth using (true);
create policy auth on permissions for select to gatehouse_auth using (true);
create policy auth on memberships to gatehouse_auth using (true) with check (true);
create policy auth on api_credentials to gatehouse_auth using (true);
create policy auth on api_credential_secrets to gatehouse_auth using (true);
grant select on organizations, roles, permissions, memberships, api_credentials, api_credential_secrets to gatehouse_auth;
grant update (last_login_at, last_active_at) on memberships to gatehouse_auth;
grant update (last_used_at) on api_credentials, api_credential_secrets to gatehouse_auth;
