// jsonapi-server on the same table, with a handler of prepared statements.
import { createRequire } from 'node:module'
import pg from 'pg'
import { accessLog } from './log.js'

const jsonApi = createRequire(import.meta.url)('jsonapi-server')
const { organization } = JSON.parse(process.env.JOB)
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const [{ counted }] = (await pool.query("select to_regclass('row_counts') is not null as counted")).rows
const COUNT = counted
  ? "select coalesce(sum(rows), 0)::int as count from row_counts where organization_id = $1 and table_name = 'memberships'"
  : 'select count(*)::int as count from memberships where organization_id = $1'
const LIST = `select id, created_at, updated_at, reference, reference_origin, metadata, user_email, user_first_name, user_last_name, status,
  owner, access_scope, invitation_status, invitation_expires_at, accepted_at, last_login_at, last_active_at, organization_id, role_id,
  membership_profile_id from memberships where organization_id = $1 order by created_at desc, id desc limit 25`

const { Joi } = jsonApi
jsonApi.setConfig({
  graphiql: false,
  protocol: 'http',
  hostname: '127.0.0.1',
  port: Number(process.env.PORT),
  base: 'api',
})
const one = (type, id) => (id === null ? undefined : { type, id })
const iso = (date) => (date === null ? null : date.toISOString())
const times = ['created_at', 'updated_at', 'invitation_expires_at', 'accepted_at', 'last_login_at', 'last_active_at']
const texts = [
  'reference',
  'reference_origin',
  'user_email',
  'user_first_name',
  'user_last_name',
  'status',
  'access_scope',
  'invitation_status',
]

function toResource({ organization_id, role_id, membership_profile_id, ...row }) {
  const resource = { type: 'memberships', ...row }
  for (const name of times) resource[name] = iso(row[name])
  return Object.assign(resource, {
    organization: one('organizations', organization_id),
    role: one('roles', role_id),
    membership_profile: one('membership_profiles', membership_profile_id),
  })
}

const handlers = {
  ready: true,
  initialise() {},
  search(_request, callback) {
    Promise.all([
      pool.query({ name: 'list', text: LIST, values: [organization] }),
      pool.query({ name: 'count', text: COUNT, values: [organization] }),
    ]).then(([rows, count]) => callback(null, rows.rows.map(toResource), count.rows[0].count), callback)
  },
}
for (const resource of ['organizations', 'roles', 'membership_profiles']) {
  jsonApi.define({
    resource,
    handlers: { ready: true, initialise() {}, find() {}, search() {} },
    attributes: { name: Joi.string() },
  })
}
jsonApi.define({
  resource: 'memberships',
  handlers,
  attributes: {
    ...Object.fromEntries([...times, ...texts].map((name) => [name, Joi.string().allow(null)])),
    metadata: Joi.object(),
    owner: Joi.boolean(),
    organization: Joi.one('organizations'),
    role: Joi.one('roles'),
    membership_profile: Joi.one('membership_profiles'),
  },
})
const log = accessLog()
const server = jsonApi.getExpressServer()
server.use((req, res, next) => {
  log(req, res)
  next()
})
jsonApi.start()
process.send('ready')
process.on('SIGTERM', () => process.exit(0))
