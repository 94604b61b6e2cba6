revoke insert on versions from gatehouse_auth;
drop policy auth on versions;
drop index memberships_invitation_expires_at_idx;
drop index outbox_dead_at_idx;
drop index outbox_sent_at_idx;
drop table jobs;
