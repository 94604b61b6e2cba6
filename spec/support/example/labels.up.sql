create table labels (
  organization_id text not null,
  id text not null,
  name text not null,
  color text,
  role_id text,
  reference text,
  reference_origin text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint labels_pkey primary key (organization_id, id),
  constraint labels_organization_fkey foreign key (organization_id) references organizations (id),
  constraint labels_role_fkey foreign key (organization_id, role_id) references roles (organization_id, id)
);
comment on table labels is 'A coloured word that an organization puts on things.';
call lock_by_tenant('labels');
create index labels_id_idx on labels (id);
create index labels_organization_id_created_at_idx on labels (organization_id, created_at, id);
create index labels_organization_id_name_idx on labels (organization_id, name, id);
grant select, insert, update, delete on labels to gatehouse_api;
