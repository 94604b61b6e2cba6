-- Which applications a seat opens, and how far: directly, or by a profile that many seats share.
create table membership_profiles (
  organization_id text not null,
  id text not null,
  name text not null,
  access_scope text not null,
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint membership_profiles_pkey primary key (organization_id, id),
  constraint membership_profiles_organization_fkey foreign key (organization_id) references organizations (id),
  constraint membership_profiles_access_scope check (access_scope in ('live_access', 'test_access', 'all_access'))
);
comment on table membership_profiles is 'A named bundle of application memberships that seats share; its access_scope wins over the seat''s.';
call lock_by_tenant('membership_profiles');
call index_common('membership_profiles');
create index membership_profiles_organization_id_name_idx on membership_profiles (organization_id, name, id);
create index membership_profiles_organization_id_access_scope_idx on membership_profiles (organization_id, access_scope, id);

alter table memberships add column membership_profile_id text;
alter table memberships add constraint memberships_membership_profile_fkey
  foreign key (organization_id, membership_profile_id) references membership_profiles (organization_id, id);
create index memberships_organization_id_membership_profile_id_idx on memberships (organization_id, membership_profile_id, id);
grant select (membership_profile_id), update (membership_profile_id) on memberships to gatehouse_api;

create table application_memberships (
  organization_id text not null,
  id text not null,
  api_credential_id text not null,
  role_id text not null,
  membership_id text,
  membership_profile_id text,
  filters jsonb,
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint application_memberships_pkey primary key (organization_id, id),
  constraint application_memberships_organization_fkey foreign key (organization_id) references organizations (id),
  constraint application_memberships_api_credential_fkey foreign key (organization_id, api_credential_id)
    references api_credentials (organization_id, id),
  constraint application_memberships_role_fkey foreign key (organization_id, role_id) references roles (organization_id, id),
  constraint application_memberships_membership_fkey foreign key (organization_id, membership_id)
    references memberships (organization_id, id),
  constraint application_memberships_membership_profile_fkey foreign key (organization_id, membership_profile_id)
    references membership_profiles (organization_id, id),
  constraint application_memberships_membership_uq unique (organization_id, membership_id, api_credential_id),
  constraint application_memberships_membership_profile_uq unique (organization_id, membership_profile_id, api_credential_id),
  constraint application_memberships_have_holder check (membership_id is not null or membership_profile_id is not null)
);
comment on table application_memberships is 'What a seat, or every seat with a profile, may do through one application; never more than the seat''s own role.';
call lock_by_tenant('application_memberships');
call index_common('application_memberships');
create index application_memberships_organization_id_api_credential_id_idx
  on application_memberships (organization_id, api_credential_id, id);
create index application_memberships_organization_id_role_id_idx on application_memberships (organization_id, role_id, id);

grant select, insert, delete on membership_profiles, application_memberships to gatehouse_api;
grant update (name, access_scope, reference, reference_origin, metadata, updated_at) on membership_profiles to gatehouse_api;
grant update (role_id, membership_id, membership_profile_id, filters, reference, reference_origin, metadata, updated_at)
  on application_memberships to gatehouse_api;

-- The evaluator reads them with the seat.
create policy auth on application_memberships for select to gatehouse_auth using (true);
grant select on application_memberships to gatehouse_auth;

create trigger application_memberships_tell
  after insert or delete or update of role_id, membership_id, membership_profile_id, filters on application_memberships
  for each row execute function tell_access_changed();
create trigger memberships_profile_tell after update of membership_profile_id on memberships
  for each row execute function tell_access_changed();
