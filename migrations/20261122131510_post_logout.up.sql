-- Where a browser may go after it was signed out on an application's behalf (OpenID Connect RP-Initiated Logout §3.1).
alter table api_credentials add column post_logout_redirect_uris jsonb not null default '[]';
grant update (post_logout_redirect_uris) on api_credentials to gatehouse_api;
create trigger api_credentials_post_logout_tell after update of post_logout_redirect_uris on api_credentials
  for each row execute function tell_access_changed();
