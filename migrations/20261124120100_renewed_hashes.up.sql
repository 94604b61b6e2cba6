-- A shopper's hash is made anew, too, when the password is right and BCRYPT_COST has changed: else those from before would
-- answer faster, or slower, than an unknown address does, for good. It is the same password: nobody is signed out by it.
alter table customers add column password_changed_at timestamptz(3);
comment on column customers.password_changed_at is 'When another password was chosen, or it was taken away; a hash that is made anew is none.';
grant update (password_changed_at) on customers to gatehouse_api;
create policy auth_renews on customers for update to gatehouse_auth using (true);
grant update (password_hash) on customers to gatehouse_auth;

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
