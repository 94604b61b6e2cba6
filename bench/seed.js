const ROWS = 100_000
const KINDS = 200

/** Fills the demo's organization with 100,000 seats of as many people, 200 roles and 200 profiles; nothing is switched
 *  off but the trigger that would tell instances of each seat, of which none runs. Ids are ten characters, as ours are. */
export async function seedMemberships({ pg, demo, shared }, rows = ROWS) {
  if (shared.seeded) return
  shared.seeded = true
  const org = demo.organization.id
  const at = "now() - interval '1 day' + n * interval '10 ms'"
  const id = (letter) => `'${letter}' || lpad(n::text, 9, '0')`
  await pg.query(
    `begin;
    alter table memberships disable trigger memberships_tell;
    insert into users (id, email, email_verified_at, first_name, last_name, created_at, updated_at)
      select ${id('u')}, 'person' || n || '@example.com', now(), 'Person', 'No ' || n, ${at}, ${at} from generate_series(1, ${rows}) n;
    insert into roles (organization_id, id, name, kind, created_at, updated_at)
      select '${org}', ${id('r')}, 'Role ' || n, 'custom', ${at}, ${at} from generate_series(1, ${KINDS}) n;
    insert into membership_profiles (organization_id, id, name, access_scope, created_at, updated_at)
      select '${org}', ${id('p')}, 'Profile ' || n, 'live_access', ${at}, ${at} from generate_series(1, ${KINDS}) n;
    insert into memberships (organization_id, id, role_id, membership_profile_id, user_id, user_email, status, invitation_status,
        accepted_at, metadata, created_at, updated_at)
      select '${org}', ${id('m')}, 'r' || lpad((1 + (n * 7919) % ${KINDS})::text, 9, '0'), 'p' || lpad((1 + (n * 37) % ${KINDS})::text, 9, '0'),
        ${id('u')}, 'person' || n || '@example.com', 'active', 'accepted', now(), '{"team": "north", "desk": 17}', ${at}, ${at}
      from generate_series(1, ${rows}) n;
    alter table memberships enable trigger memberships_tell;
    commit;
    delete from revocations;
    analyze`,
    'gatehouse',
  )
}
