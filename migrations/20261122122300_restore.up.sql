-- Restoring a softly deleted organization. Grants leave deleted organizations out, and with them both locks; so this one
-- narrow thing is a function: for the caller of the transaction, where that user has the owner's seat.
grant create on schema public to gatehouse_definer;
create policy definer on versions for insert to gatehouse_definer with check (true);
grant insert on versions to gatehouse_definer;

create function restore_organization(organization text, version_id text, version_who jsonb, request text, at timestamptz)
  returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  was timestamptz;
begin
  select deleted_at into was from organizations o
    where o.id = organization and o.deleted_at > clock_timestamp() - interval '30 days'
      and exists (select from memberships m
        where m.organization_id = o.id and m.user_id = caller_user_id() and m.owner and m.status = 'active')
    for update;
  if was is null then
    return false;
  end if;
  update organizations set deleted_at = null, updated_at = at where id = organization;
  insert into versions (organization_id, id, resource_type, resource_id, event, changes, who, request_id, created_at)
    values (organization, version_id, 'organizations', organization, 'update',
      jsonb_build_object('deleted_at', jsonb_build_array(to_char(was at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), null)),
      version_who, request, at);
  -- The members' cached rights do not know this organization, so its own topic would not reach them.
  insert into revocations (topic, expires_at)
    select 'user:' || m.user_id, clock_timestamp() + interval '10 minutes' from memberships m
    where m.organization_id = organization and m.status = 'active';
  return true;
end
$$;
alter function restore_organization(text, text, jsonb, text, timestamptz) owner to gatehouse_definer;
revoke all on function restore_organization(text, text, jsonb, text, timestamptz) from public;
grant execute on function restore_organization(text, text, jsonb, text, timestamptz) to gatehouse_api;
comment on function restore_organization(text, text, jsonb, text, timestamptz) is
  'Brings back an organization that the calling user owns and that was deleted less than thirty days ago; false if there is none.';
revoke create on schema public from gatehouse_definer;
