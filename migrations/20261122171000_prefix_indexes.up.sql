-- What a text begins with is looked up as a range of bytes (src/jsonapi/prefixes.ts): row security lets only leakproof
-- operators reach an index, and `like` is none. In what an organization has a hundred thousand of.
create index memberships_organization_id_user_email_bytes_idx on memberships (organization_id, user_email collate "C", id);
create index memberships_organization_id_reference_bytes_idx on memberships (organization_id, reference collate "C", id);
create index customers_organization_id_email_bytes_idx on customers (organization_id, email collate "C", id);
create index customers_organization_id_reference_bytes_idx on customers (organization_id, reference collate "C", id);
