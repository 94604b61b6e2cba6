-- Who has one redirect URI need not say it, at neither endpoint; who has said it must say it again (RFC 6749 §4.1.3).
alter table authorization_codes add column redirect_uri_sent boolean not null default true;
comment on column authorization_codes.redirect_uri_sent is 'Whether the authorization request named the redirect URI: then the token request must.';
