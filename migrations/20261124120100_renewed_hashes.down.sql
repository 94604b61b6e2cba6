drop trigger customers_changed_end_tokens on customers;
create trigger customers_changed_end_tokens after update of password_hash, disabled_at on customers for each row
  when ((new.password_hash is distinct from old.password_hash and old.password_hash is not null)
    or (new.disabled_at is not null and old.disabled_at is null))
  execute function end_tokens('customer');
drop trigger customers_end_families on customers;
create trigger customers_end_families after update of password_hash, disabled_at on customers for each row
  when ((old.password_hash is not null and new.password_hash is distinct from old.password_hash)
    or (new.disabled_at is not null and old.disabled_at is null))
  execute function end_families('customer_changed');

revoke update (password_hash) on customers from gatehouse_auth;
drop policy auth_renews on customers;
alter table customers drop column password_changed_at;
