-- The base set of DECISIONS 3: what every new custom role starts with. Idempotent.
insert into base_permissions (subject, can_read) values
  ('organizations', true),
  ('memberships', true),
  ('membership_profiles', true),
  ('application_memberships', true),
  ('roles', true),
  ('permissions', true),
  ('api_credentials', true)
on conflict (subject) do update set can_read = excluded.can_read;
