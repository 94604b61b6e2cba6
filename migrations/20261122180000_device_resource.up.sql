alter table device_codes add column resource text;
comment on column device_codes.resource is 'Another resource server that the tokens are for (RFC 8707).';
