drop function restore_organization(text, text, jsonb, text, timestamptz);
revoke insert on versions from gatehouse_definer;
drop policy definer on versions;
