-- What is sealed cannot be made smaller: PostgreSQL tried with each, in vain, and for as long as the rest of a rotation took.
alter table refresh_tokens alter column answer set storage external;
alter table idempotency_keys alter column answer set storage external;
alter table outbox alter column payload set storage external;
-- An answer of some 3 kB is forgotten within minutes: it stays in its row, and is no rows of another table meanwhile.
alter table refresh_tokens set (toast_tuple_target = 8160);
