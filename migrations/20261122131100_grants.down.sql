drop trigger customers_end_families on customers;
drop trigger memberships_end_families on memberships;
drop trigger users_disabled_end_families on users;
drop trigger users_password_end_tokens on users;
drop trigger users_password_end_families on users;
drop function end_families();
revoke select, update (used_at) on authorization_codes from gatehouse_definer;
revoke select, update (ended_at, ended_because) on refresh_families from gatehouse_definer;
drop policy definer on authorization_codes;
drop policy definer on refresh_families;
drop index sessions_ended_at_idx;
drop index refresh_tokens_expires_at_idx;
drop index refresh_families_ended_at_idx;
alter table refresh_families drop column asserted;
alter table authorization_codes no force row level security;
alter table refresh_families no force row level security;
delete from authorization_codes where organization_id = '-';
delete from refresh_families where organization_id = '-';
alter table refresh_families force row level security;
alter table authorization_codes force row level security;
alter table authorization_codes add constraint authorization_codes_organization_fkey
  foreign key (organization_id) references organizations (id);
alter table refresh_families add constraint refresh_families_organization_fkey
  foreign key (organization_id) references organizations (id);
call count_rows('refresh_families');
call count_rows('refresh_tokens');
call count_rows('authorization_codes');
