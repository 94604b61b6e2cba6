-- The roles stay: they belong to the whole server.
drop procedure lock_by_tenant(regclass, text);
drop function caller_user_id();
drop function tenant_ids();
