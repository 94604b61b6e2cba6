// Ten letters out of an id and a number, as good as random, as ids are.
const ID = (old) => `translate(substr(md5(${old} || ':' || n), 1, 10), '0123456789abcdef', 'ghijklmnopqrstuv')`

const TOLD = ['permissions', 'memberships']
const COUNTED = ['roles', 'permissions', 'memberships', 'api_credentials']
const STEP = 10_000

/** Copies rows of a table for each number; what a copy has of its own is told by column, as SQL of the row `t` and `n`. */
const copies = (table, own, { key = 'organization_id', numbers }) => `
  insert into ${table} select made.* from ${table} t, ${numbers} n,
    lateral jsonb_populate_record(t, jsonb_build_object(${Object.entries(own)
      .map(([column, sql]) => `'${column}', ${sql}`)
      .join(', ')})) made
    where t.${key} = $1`

const ORGANIZATION = ID('$1::text')
const FOUNDED = "t.created_at - n * interval '1 minute'"
const MINE = { organization_id: ORGANIZATION, id: ID('t.id'), created_at: FOUNDED, updated_at: FOUNDED }

/** Copies of a founded organization: whatever founding has made, but the history, with a founder of its own for each. */
async function copyOrganizations(client, { organization, owner }, { from, to }) {
  const numbers = `generate_series(${from}, ${to})`
  const copy = (table, own, key) => copies(table, own, { key, numbers })
  const slug = "'company-' || n"
  const email = "'founder-' || n || '@example.com'"
  const ofOwner = [
    copy('users', { id: ID('t.id'), email }, 'id'),
    copy(
      'user_credentials',
      {
        id: ID('t.id'),
        user_id: ID('t.user_id'),
        client_id: 'md5(t.client_id || n)',
        secret_hash: "md5('secret' || n)",
      },
      'user_id',
    ),
  ]
  const ofOrganization = [
    copy('organizations', { ...MINE, id: ORGANIZATION, name: "'Company ' || n", slug }, 'id'),
    copy('slugs', { organization_id: ORGANIZATION, slug }),
    copy('roles', MINE),
    copy('permissions', { ...MINE, role_id: ID('t.role_id') }),
    copy('memberships', { ...MINE, role_id: ID('t.role_id'), user_id: ID('t.user_id'), user_email: email }),
    copy('api_credentials', { ...MINE, role_id: ID('t.role_id'), client_id: 'md5(t.client_id || n)' }),
  ]
  for (const sql of ofOwner) await client.query(sql, [owner.id])
  for (const sql of ofOrganization) await client.query(sql, [organization.id])
}

/** Seats of one more user, as an admin, in the first so many copies. */
const seatUser = (client, { organization }, { user, seats }) =>
  client.query(
    copies(
      'memberships',
      {
        ...MINE,
        id: ID("'seat:' || t.id"),
        role_id: ID('t.role_id'),
        user_id: `'${user.id}'::text`,
        user_email: `'${user.email}'::text`,
        owner: 'false',
      },
      { numbers: `generate_series(1, ${seats})` },
    ),
    [organization.id],
  )

/** The counters of the copies, as triggers would have made them one by one. */
const count = (client, table) =>
  client.query(
    `insert into row_counts (organization_id, table_name, rows)
      select organization_id, $1, count(*) from ${table} t
      where not exists (select from row_counts c where c.organization_id = t.organization_id and c.table_name = $1)
      group by organization_id`,
    [table],
  )

/** Makes copies of a founded organization, and gives a user seats in some of them. */
export async function copyAndSeat(client, founded, { organizations, user, seats }) {
  // Nobody listens yet who would have to be told of every row.
  const triggers = [...TOLD.map((table) => [table, 'tell']), ...COUNTED.map((table) => [table, 'count_inserted'])]
  const alter = async (verb) => {
    for (const [table, name] of triggers) await client.query(`alter table ${table} ${verb} trigger ${table}_${name}`)
  }
  await alter('disable')
  for (let from = 1; from <= organizations; from += STEP) {
    await copyOrganizations(client, founded, { from, to: Math.min(from + STEP - 1, organizations) })
  }
  await seatUser(client, founded, { user, seats })
  for (const table of COUNTED) await count(client, table)
  await alter('enable')
}
