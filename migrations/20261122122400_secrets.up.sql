-- Secrets are a resource of their own: they show their credential's mode, so that a test-mode machine sees the secrets of
-- test-mode applications only, as it does their applications.
alter table api_credential_secrets add column mode text not null default 'test';
alter table api_credential_secrets add column updated_at timestamptz(3) not null default clock_timestamp();
-- The owner of a table passes by its row security while it is not forced: the rows of all tenants are filled here.
alter table api_credential_secrets no force row level security;
alter table api_credentials no force row level security;
update api_credential_secrets s set mode = c.mode, updated_at = s.created_at from api_credentials c
  where c.organization_id = s.organization_id and c.id = s.api_credential_id;
alter table api_credentials force row level security;
alter table api_credential_secrets force row level security;
alter table api_credential_secrets add constraint api_credential_secrets_mode check (mode in ('test', 'live'));
grant select (mode, updated_at), update (updated_at) on api_credential_secrets to gatehouse_api;
create index api_credential_secrets_id_idx on api_credential_secrets (id);
create index api_credential_secrets_organization_id_created_at_idx on api_credential_secrets (organization_id, created_at, id);
create index api_credential_secrets_organization_id_updated_at_idx on api_credential_secrets (organization_id, updated_at, id);
create index api_credential_secrets_organization_id_retires_at_idx on api_credential_secrets (organization_id, retires_at, id);
create index api_credential_secrets_organization_id_last_used_at_idx on api_credential_secrets (organization_id, last_used_at, id);
-- Who made an application is asked when that person leaves.
create index api_credentials_created_by_idx on api_credentials (organization_id, (created_by ->> 'id'));
