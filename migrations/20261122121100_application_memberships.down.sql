drop trigger memberships_profile_tell on memberships;
drop table application_memberships;
alter table memberships drop column membership_profile_id;
drop table membership_profiles;
