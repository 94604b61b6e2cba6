-- Instances of the release before do not write password_changed_at, and may run beside new ones during an upgrade. Only the
-- authorization server makes a hash anew for the same password: from anybody else another hash is another password.
drop trigger customers_changed_end_tokens on customers;
create trigger customers_changed_end_tokens after update of password_hash, disabled_at on customers for each row
  when ((old.password_hash is not null and new.password_hash is distinct from old.password_hash
      and (new.password_hash is null or new.password_changed_at is distinct from old.password_changed_at
        or current_user <> 'gatehouse_auth'))
    or (new.disabled_at is not null and old.disabled_at is null))
  execute function end_tokens('customer');
drop trigger customers_end_families on customers;
create trigger customers_end_families after update of password_hash, disabled_at on customers for each row
  when ((old.password_hash is not null and new.password_hash is distinct from old.password_hash
      and (new.password_hash is null or new.password_changed_at is distinct from old.password_changed_at
        or current_user <> 'gatehouse_auth'))
    or (new.disabled_at is not null and old.disabled_at is null))
  execute function end_families('customer_changed');
