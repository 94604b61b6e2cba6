import pg from 'pg'

/** An adapter of oidc-provider on one PostgreSQL table, every statement prepared and by primary key or index.
 *  Source: the library's own adapter template. */
export async function postgresAdapter(connectionString, client) {
  const pool = new pg.Pool({ connectionString, max: 10 })
  await pool.query(`create table if not exists oidc (type text, id text, grant_id text, payload jsonb not null,
    expires_at timestamptz, consumed_at timestamptz, primary key (type, id))`)
  await pool.query('create index if not exists oidc_grant on oidc (grant_id)')
  const upsert = `insert into oidc (type, id, grant_id, payload, expires_at) values ($1, $2, $3, $4, now() + $5 * interval '1 s')
    on conflict (type, id) do update set payload = excluded.payload, grant_id = excluded.grant_id, expires_at = excluded.expires_at`
  await pool.query(upsert, ['Client', client.client_id, null, client, null])
  const find =
    'select payload, consumed_at from oidc where type = $1 and id = $2 and (expires_at is null or expires_at > now())'
  return class {
    constructor(type) {
      this.type = type
    }
    async upsert(id, payload, expiresIn) {
      await pool.query({
        name: 'upsert',
        text: upsert,
        values: [this.type, id, payload.grantId ?? null, payload, expiresIn ?? null],
      })
    }
    async find(id) {
      const { rows } = await pool.query({ name: 'find', text: find, values: [this.type, id] })
      const [row] = rows
      return row && { ...row.payload, ...(row.consumed_at ? { consumed: true } : {}) }
    }
    async consume(id) {
      await pool.query({
        name: 'consume',
        text: 'update oidc set consumed_at = now() where type = $1 and id = $2',
        values: [this.type, id],
      })
    }
    async destroy(id) {
      await pool.query({
        name: 'destroy',
        text: 'delete from oidc where type = $1 and id = $2',
        values: [this.type, id],
      })
    }
    async revokeByGrantId(grantId) {
      await pool.query({ name: 'revoke', text: 'delete from oidc where grant_id = $1', values: [grantId] })
    }
    async findByUid() {}
    async findByUserCode() {}
  }
}
