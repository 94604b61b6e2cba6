drop table used_assertions, device_codes, pushed_requests, authorization_codes, refresh_tokens, refresh_families, consents;
drop trigger api_credentials_tell on api_credentials;
create trigger api_credentials_tell
  after delete or update of role_id, redirect_uri, redirect_uris, require_pkce, scopes, expires_in, expires_at, disabled_at on api_credentials
  for each row execute function tell_access_changed();
alter table api_credentials drop column jwks;
alter table organizations drop column session_max_seconds, drop column session_idle_seconds;
drop table sessions, mailed_tokens, recovery_codes;
alter table users drop column password_changed_at, drop column totp_secret, drop column totp_confirmed_at,
  drop column totp_last_step;
