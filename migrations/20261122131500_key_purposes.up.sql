-- An id_token is signed by a key of its own: it must be RS256 (OpenID Connect Core §15.1), access tokens are RS512 by
-- default, and a key that signs the one must never vouch for the other.
alter table signing_keys
  add column purpose text not null default 'access',
  add constraint signing_keys_purpose check (purpose in ('access', 'identity'));
comment on column signing_keys.purpose is 'What it signs: access tokens, or id_tokens.';
