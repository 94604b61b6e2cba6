-- How long invitations live, for each organization; and the state machine pending -> active | expired | revoked.
alter table organizations add column invitation_expires_in integer not null default 604800;
alter table organizations add constraint organizations_invitation_expires_in
  check (invitation_expires_in between 3600 and 2592000);
grant update (invitation_expires_in) on organizations to gatehouse_api;

-- A row that has expired or was revoked is used again when its address is invited again.
grant update (user_id, invited_by, accepted_at) on memberships to gatehouse_api;
create index memberships_organization_id_invitation_status_idx on memberships (organization_id, invitation_status, id);
create index memberships_organization_id_invitation_expires_at_idx on memberships (organization_id, invitation_expires_at, id);
-- Who leaves takes their open invitations along.
create index memberships_organization_id_invited_by_idx on memberships (organization_id, invited_by) where status = 'pending';

-- Accepting, declining and expiring happen outside any organization's own rights.
grant update (status, user_id, accepted_at, invitation_status, invitation_token_hash, updated_at) on memberships to gatehouse_auth;
