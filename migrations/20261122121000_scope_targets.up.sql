-- What scopes point at (DECISIONS 3): merchants, markets, stock locations, stores. Small resources of one organization.

-- Every listed type can be sorted and filtered by these four; one index each, so that no list reads a whole tenant.
create procedure index_common(tenant_table text)
  language plpgsql as $$
declare
  column_name text;
begin
  foreach column_name in array array['created_at', 'updated_at', 'reference', 'reference_origin'] loop
    execute format('create index %I on %I (organization_id, %I, id)',
      tenant_table || '_organization_id_' || column_name || '_idx', tenant_table, column_name);
  end loop;
  execute format('create index %I on %I (id)', tenant_table || '_id_idx', tenant_table);
end
$$;
comment on procedure index_common(text) is 'Makes the indexes behind the attributes that every resource has.';

create table merchants (
  organization_id text not null,
  id text not null,
  name text not null,
  code text,
  disabled_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint merchants_pkey primary key (organization_id, id),
  constraint merchants_organization_fkey foreign key (organization_id) references organizations (id),
  constraint merchants_code_uq unique (organization_id, code)
);
comment on table merchants is 'Who sells: markets and stores name one.';
call lock_by_tenant('merchants');
call index_common('merchants');
create index merchants_organization_id_name_idx on merchants (organization_id, name, id);
create index merchants_organization_id_disabled_at_idx on merchants (organization_id, disabled_at, id);

create table stock_locations (
  organization_id text not null,
  id text not null,
  name text not null,
  code text,
  disabled_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint stock_locations_pkey primary key (organization_id, id),
  constraint stock_locations_organization_fkey foreign key (organization_id) references organizations (id),
  constraint stock_locations_code_uq unique (organization_id, code)
);
comment on table stock_locations is 'Where stock lies; a token may be limited to some.';
call lock_by_tenant('stock_locations');
call index_common('stock_locations');
create index stock_locations_organization_id_name_idx on stock_locations (organization_id, name, id);
create index stock_locations_organization_id_disabled_at_idx on stock_locations (organization_id, disabled_at, id);

create table markets (
  organization_id text not null,
  id text not null,
  merchant_id text,
  name text not null,
  code text,
  geocoder_id text,
  allows_external_prices boolean not null default false,
  disabled_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint markets_pkey primary key (organization_id, id),
  constraint markets_organization_fkey foreign key (organization_id) references organizations (id),
  constraint markets_merchant_fkey foreign key (organization_id, merchant_id) references merchants (organization_id, id),
  constraint markets_code_uq unique (organization_id, code)
);
comment on table markets is 'Where is sold; a token may be limited to some.';
call lock_by_tenant('markets');
call index_common('markets');
create index markets_organization_id_name_idx on markets (organization_id, name, id);
create index markets_organization_id_merchant_id_idx on markets (organization_id, merchant_id, id);
create index markets_organization_id_disabled_at_idx on markets (organization_id, disabled_at, id);
create index markets_organization_id_geocoder_id_idx on markets (organization_id, geocoder_id, id);
create index markets_organization_id_prices_idx on markets (organization_id, allows_external_prices, id);

create table market_stock_locations (
  organization_id text not null,
  id text not null,
  market_id text not null,
  stock_location_id text not null,
  created_at timestamptz(3) not null,
  constraint market_stock_locations_pkey primary key (organization_id, id),
  constraint market_stock_locations_market_fkey foreign key (organization_id, market_id)
    references markets (organization_id, id) on delete cascade,
  constraint market_stock_locations_stock_location_fkey foreign key (organization_id, stock_location_id)
    references stock_locations (organization_id, id),
  constraint market_stock_locations_pair_uq unique (organization_id, market_id, stock_location_id)
);
comment on table market_stock_locations is 'Which stock locations serve a market.';
call lock_by_tenant('market_stock_locations');
create index market_stock_locations_stock_location_idx on market_stock_locations (organization_id, stock_location_id);

create table stores (
  organization_id text not null,
  id text not null,
  market_id text not null,
  merchant_id text,
  stock_location_id text,
  name text not null,
  code text,
  disabled_at timestamptz(3),
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint stores_pkey primary key (organization_id, id),
  constraint stores_organization_fkey foreign key (organization_id) references organizations (id),
  constraint stores_market_fkey foreign key (organization_id, market_id) references markets (organization_id, id),
  constraint stores_merchant_fkey foreign key (organization_id, merchant_id) references merchants (organization_id, id),
  constraint stores_stock_location_fkey foreign key (organization_id, stock_location_id)
    references stock_locations (organization_id, id),
  constraint stores_code_uq unique (organization_id, code)
);
comment on table stores is 'A point of sale in a market.';
call lock_by_tenant('stores');
call index_common('stores');
create index stores_organization_id_name_idx on stores (organization_id, name, id);
create index stores_organization_id_market_id_idx on stores (organization_id, market_id, id);
create index stores_organization_id_merchant_id_idx on stores (organization_id, merchant_id, id);
create index stores_organization_id_stock_location_id_idx on stores (organization_id, stock_location_id, id);
create index stores_organization_id_disabled_at_idx on stores (organization_id, disabled_at, id);

grant select, insert, delete on merchants, stock_locations, markets, market_stock_locations, stores to gatehouse_api;
grant update (name, code, disabled_at, reference, reference_origin, metadata, updated_at)
  on merchants, stock_locations to gatehouse_api;
grant update (name, code, disabled_at, merchant_id, geocoder_id, allows_external_prices, reference, reference_origin,
  metadata, updated_at) on markets to gatehouse_api;
grant update (name, code, disabled_at, market_id, merchant_id, stock_location_id, reference, reference_origin, metadata,
  updated_at) on stores to gatehouse_api;
-- A row is locked before it is deleted, and PostgreSQL asks for the right to update for that.
grant update (stock_location_id) on market_stock_locations to gatehouse_api;

-- The token endpoint resolves the markets that a scope names.
create policy auth on markets for select to gatehouse_auth using (true);
create policy auth on stock_locations for select to gatehouse_auth using (true);
create policy auth on market_stock_locations for select to gatehouse_auth using (true);
create policy auth on stores for select to gatehouse_auth using (true);
grant select on markets, stock_locations, market_stock_locations, stores to gatehouse_auth;

-- What a token said of a market is remembered by every instance until one of these changes.
create trigger markets_tell after update or delete on markets
  for each row execute function tell_access_changed();
create trigger stock_locations_tell after update of code, disabled_at or delete on stock_locations
  for each row execute function tell_access_changed();
create trigger market_stock_locations_tell after insert or delete on market_stock_locations
  for each row execute function tell_access_changed();
create trigger stores_tell after update of code, market_id, disabled_at or delete on stores
  for each row execute function tell_access_changed();
