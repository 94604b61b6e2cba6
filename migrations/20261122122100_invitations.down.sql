revoke update (status, user_id, accepted_at, invitation_status, invitation_token_hash, updated_at) on memberships from gatehouse_auth;
drop index memberships_organization_id_invited_by_idx;
drop index memberships_organization_id_invitation_expires_at_idx;
drop index memberships_organization_id_invitation_status_idx;
revoke update (user_id, invited_by, accepted_at) on memberships from gatehouse_api;
alter table organizations drop column invitation_expires_in;
