drop table idempotency_keys;
drop function caller_name();
