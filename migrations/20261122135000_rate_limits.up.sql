-- What the instances have counted together. Unlogged: after a crash of the server all begin anew, which hurts nobody.
create unlogged table rate_limits (
  key text not null,
  points integer not null,
  expires_at timestamptz(3) not null,
  constraint rate_limits_pkey primary key (key)
);
comment on table rate_limits is 'Counters of the rate limits, by a keyed hash of what is limited. Written beside requests, never by them.';
grant select, insert, update, delete on rate_limits to gatehouse_auth;
