alter table refresh_tokens reset (toast_tuple_target);
alter table outbox alter column payload set storage extended;
alter table idempotency_keys alter column answer set storage extended;
alter table refresh_tokens alter column answer set storage extended;
