alter table consents add column resources jsonb not null default '{}';
comment on column consents.resources is 'Other resource servers that its tokens may be for (RFC 8707), each with the scope agreed to.';
