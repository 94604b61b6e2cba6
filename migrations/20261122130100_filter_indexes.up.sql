-- An index for everything that the first types can be filtered or sorted by (spec/jsonapi/indexes.spec.ts); later types
-- have had theirs from the beginning, by index_common. What an organization has a hundred thousand of comes first.
create index memberships_organization_id_updated_at_idx on memberships (organization_id, updated_at, id);
create index memberships_organization_id_reference_idx on memberships (organization_id, reference, id);
create index memberships_organization_id_reference_origin_idx on memberships (organization_id, reference_origin, id);
create index memberships_organization_id_owner_idx on memberships (organization_id, owner, id);

-- The history is read by what changed, by what happened and by the request, newest or oldest first.
drop index versions_organization_id_resource_idx;
create index versions_organization_id_resource_id_idx on versions (organization_id, resource_id, created_at, id);
create index versions_organization_id_resource_type_idx on versions (organization_id, resource_type, created_at, id);
create index versions_organization_id_event_idx on versions (organization_id, event, created_at, id);
create index versions_organization_id_request_id_idx on versions (organization_id, request_id, id);

create index roles_organization_id_updated_at_idx on roles (organization_id, updated_at, id);
create index roles_organization_id_reference_origin_idx on roles (organization_id, reference_origin, id);
create index roles_organization_id_kind_idx on roles (organization_id, kind, id);

create index permissions_organization_id_updated_at_idx on permissions (organization_id, updated_at, id);
create index permissions_organization_id_reference_idx on permissions (organization_id, reference, id);
create index permissions_organization_id_reference_origin_idx on permissions (organization_id, reference_origin, id);
create index permissions_organization_id_subject_idx on permissions (organization_id, subject, id);

create index api_credentials_organization_id_updated_at_idx on api_credentials (organization_id, updated_at, id);
create index api_credentials_organization_id_reference_idx on api_credentials (organization_id, reference, id);
create index api_credentials_organization_id_reference_origin_idx on api_credentials (organization_id, reference_origin, id);
create index api_credentials_organization_id_name_idx on api_credentials (organization_id, name, id);
create index api_credentials_organization_id_kind_idx on api_credentials (organization_id, kind, id);
create index api_credentials_organization_id_expires_in_idx on api_credentials (organization_id, expires_in, id);
create index api_credentials_organization_id_disabled_at_idx on api_credentials (organization_id, disabled_at, id);
