-- Shoppers of one organization: who the password grant signs in, and owners of tokens.
create table customers (
  organization_id text not null,
  id text not null,
  email text not null,
  password_hash text,
  can_sign_in boolean not null generated always as (password_hash is not null) stored,
  disabled_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint customers_pkey primary key (organization_id, id),
  constraint customers_organization_fkey foreign key (organization_id) references organizations (id),
  constraint customers_email_uq unique (organization_id, email),
  constraint customers_email_canonical check (email = lower(email) and length(email) <= 254)
);
comment on table customers is 'Shoppers of one organization; the same address in another organization is another shopper.';
call lock_by_tenant('customers');
call index_common('customers');
create index customers_organization_id_disabled_at_idx on customers (organization_id, disabled_at, id);
create index customers_organization_id_can_sign_in_idx on customers (organization_id, can_sign_in, id);

grant select (organization_id, id, email, can_sign_in, disabled_at, reference, reference_origin, metadata, created_at, updated_at)
  on customers to gatehouse_api;
grant insert, delete on customers to gatehouse_api;
grant update (email, password_hash, disabled_at, reference, reference_origin, metadata, updated_at) on customers to gatehouse_api;
create policy auth on customers for select to gatehouse_auth using (true);
grant select on customers to gatehouse_auth;

-- A shopper who is gone, switched off or has another password: the tokens that are out end in the same transaction.
create trigger customers_deleted_end_tokens after delete on customers
  for each row execute function end_tokens('customer');
create trigger customers_changed_end_tokens after update of password_hash, disabled_at on customers for each row
  when ((new.password_hash is distinct from old.password_hash and old.password_hash is not null)
    or (new.disabled_at is not null and old.disabled_at is null))
  execute function end_tokens('customer');
