drop trigger membership_profiles_show_access_scope on membership_profiles;
drop function show_access_scope_of_profile();
drop trigger memberships_show_access_scope on memberships;
drop function show_access_scope();
revoke select, update (id) on membership_profiles from gatehouse_definer;
drop policy definer on membership_profiles;
alter table memberships drop column shown_access_scope;
