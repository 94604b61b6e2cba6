-- Addresses are asked for composed (NFC) since they are kept so: shoppers whose address was kept otherwise could not sign in.
-- Where the composed one is somebody's already, or of two that would be one, nothing is changed: nobody can tell whose it is.
alter table customers no force row level security;
do $$ begin
  -- normalize() knows UTF-8 only.
  if (select pg_encoding_to_char(encoding) from pg_database where datname = current_database()) = 'UTF8' then
    update customers c set email = lower(normalize(c.email, nfc)) where c.email is not nfc normalized
      and not exists (select from customers o where o.organization_id = c.organization_id and o.id <> c.id
        and lower(normalize(o.email, nfc)) = lower(normalize(c.email, nfc)));
  end if;
end $$;
alter table customers force row level security;
