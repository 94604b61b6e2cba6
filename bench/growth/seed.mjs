// Ten letters out of a number: the first five as good as random, as ids are, the last five the number itself.
const ID = (salt, n) =>
  `translate(substr(md5('${salt}' || ${n}), 1, 5) || lpad(to_hex(${n}), 5, '0'), '0123456789abcdef', 'ghijklmnopqrstuv')`

const at = (n, every) => `timestamptz '2025-01-01' + ${n} * interval '${every}'`

const ACCESS = "(array['live_access', 'test_access', 'all_access'])[1 + n % 3]"

// Twenty seats have a role of their own, the others one of three; every tenth has a profile, which opens what the seat itself
// would; one in three is pending; five versions a seat, while they last, the others of permissions. The first rows are
// alike in every organization, whatever its size.
const ROLES = `
  insert into roles (organization_id, id, name, kind, created_at, updated_at)
    select $1, ${ID('r', 'n')}, 'Role ' || n, 'custom', now(), now() from generate_series(1, 4) n;
  insert into membership_profiles (organization_id, id, name, access_scope, created_at, updated_at)
    select $1, ${ID('p', 'n')}, 'Profile ' || n, ${ACCESS}, now(), now() from generate_series(0, 2) n`

const members = (every) => `
  insert into users (id, email, email_verified_at, first_name, last_name, created_at, updated_at)
    select ${ID('u:$1:', 'n')}, lower('$1') || '.person-' || n || '@example.com', now(), 'First' || n % 500, 'Last' || n, now(), now()
    from generate_series($3, $4) n where n % 3 <> 0;
  insert into memberships (organization_id, id, role_id, membership_profile_id, user_id, user_email, status, invitation_status, access_scope,
      reference, metadata, created_at, updated_at)
    select $1, ${ID('m', 'n')}, ${ID('r', 'case when n % ($2 / 20) = 0 then 4 else 1 + n % 3 end')},
      case when n % 10 = 7 then ${ID('p', 'n % 3')} end,
      case when n % 3 <> 0 then ${ID('u:$1:', 'n')} end, lower('$1') || '.person-' || n || '@example.com',
      case when n % 3 <> 0 then 'active' else 'pending' end, case when n % 3 <> 0 then 'accepted' else 'pending' end,
      ${ACCESS}, 'REF-' || n,
      case when n % 10 = 0 then '{"team": "blue"}'::jsonb else '{}' end, ${at('n', every)}, ${at('n', every)}
    from generate_series($3, $4) n`

const VERSIONS = `
  insert into versions (organization_id, id, resource_type, resource_id, event, changes, who, request_id, created_at)
    select $1, ${ID('v', 'n')}, case when n <= $2 * 5 then 'memberships' else 'permissions' end,
      ${ID('m', '((n - 1) / 5) % $2 + 1')}, 'update', '{"reference": [null, "REF"]}',
      '{"application": {"id": "AAAAAAAAAA", "kind": "user", "public": false}}', 'request-' || n, ${at('n', '1 second')}
    from generate_series($3, $4) n`

const STEP = 100_000

/** Gives an organization memberships and versions, through nothing but SQL. `every`: time from one seat to the next. */
export async function seed(client, organizationId, { memberships, versions, every = '1 minute' }) {
  const text = `'${organizationId}'`
  const fill = (sql, ...more) =>
    sql
      .replaceAll("'u:$1:'", `'u:${organizationId}:'`)
      .replaceAll("'$1'", text)
      .replaceAll('$1', text)
      .replace(/\$([2-4])/g, (_, place) => String([memberships, ...more][Number(place) - 2]))
  const inSteps = async (sql, rows) => {
    for (let from = 1; from <= rows; from += STEP) {
      await client.query(fill(sql, from, Math.min(from + STEP - 1, rows)))
    }
  }
  // Nobody listens yet who would have to be told of every seat.
  await client.query('alter table memberships disable trigger memberships_tell')
  await client.query(fill(ROLES))
  await inSteps(members(every), memberships)
  await client.query('alter table memberships enable trigger memberships_tell')
  await inSteps(VERSIONS, versions)
}
