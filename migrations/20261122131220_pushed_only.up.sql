-- An application may bind itself to pushed requests: then nobody can send it a request of their own making (RFC 9126 §6).
alter table api_credentials add column require_pushed_authorization_requests boolean not null default false;
grant update (require_pushed_authorization_requests) on api_credentials to gatehouse_api;
create trigger api_credentials_pushed_only_tell after update of require_pushed_authorization_requests on api_credentials
  for each row execute function tell_access_changed();
