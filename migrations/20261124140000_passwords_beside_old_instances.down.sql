drop trigger customers_changed_end_tokens on customers;
create trigger customers_changed_end_tokens after update of password_hash, disabled_at on customers for each row
  when ((old.password_hash is not null and new.password_hash is distinct from old.password_hash
      and (new.password_hash is null or new.password_changed_at is distinct from old.password_changed_at))
    or (new.disabled_at is not null and old.disabled_at is null))
  execute function end_tokens('customer');
drop trigger customers_end_families on customers;
create trigger customers_end_families after update of password_hash, disabled_at on customers for each row
  when ((old.password_hash is not null and new.password_hash is distinct from old.password_hash
      and (new.password_hash is null or new.password_changed_at is distinct from old.password_changed_at))
    or (new.disabled_at is not null and old.disabled_at is null))
  execute function end_families('customer_changed');
