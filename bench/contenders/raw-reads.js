// The floor of the reads: the same documents by hand. node:http, pg with prepared statements, JSON.stringify. It checks no
// token, no right and no parameter, and knows only these two queries.
import { createServer } from 'node:http'
import pg from 'pg'
import { accessLog, serve } from './log.js'

const { organization, api, constants } = JSON.parse(process.env.JOB)
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const ask = async (name, text, values) => (await pool.query({ name, text, values })).rows

const [{ counted }] = await ask('counted', "select to_regclass('row_counts') is not null as counted", [])
const COUNT = counted
  ? "select coalesce(sum(rows), 0)::int as count from row_counts where organization_id = $1 and table_name = 'memberships'"
  : 'select count(*)::int as count from memberships where organization_id = $1'
const COMMON = 'id, created_at, updated_at, reference, reference_origin, metadata'
const LIST = `select m.id, m.created_at, m.updated_at, m.reference, m.reference_origin, m.metadata, m.user_email, m.user_first_name,
  m.user_last_name, m.status, m.owner, coalesce(p.access_scope, m.access_scope) as access_scope, m.invitation_status,
  m.invitation_expires_at, m.accepted_at, m.last_login_at, m.last_active_at, m.organization_id, m.role_id, m.membership_profile_id
  from memberships m left join membership_profiles p on p.organization_id = m.organization_id and p.id = m.membership_profile_id
  where m.organization_id = $1 order by m.created_at desc, m.id desc limit 25`
const ORGANIZATIONS = `select ${COMMON}, name, slug, support_phone, support_email, logo_url, favicon_url, primary_color, contrast_color,
  gtm_id, gtm_id_test, region, config, can_switch_live from organizations where id = any ($1)`
const ROLES = `select ${COMMON}, name, kind from roles where organization_id = $1 and id = any ($2)`
const PROFILES = `select ${COMMON}, name, access_scope from membership_profiles where organization_id = $1 and id = any ($2)`

const iso = (date) => (date === null ? null : date.toISOString())
const common = (row) => ({
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
  reference: row.reference,
  reference_origin: row.reference_origin,
  metadata: row.metadata,
})

function links(type, id, names) {
  const self = `${api}/${type}/${id}`
  const relationships = {}
  for (const name of names)
    relationships[name] = { links: { self: `${self}/relationships/${name}`, related: `${self}/${name}` } }
  return { links: { self }, relationships }
}

const ONES = [
  ['organization', 'organizations', 'organization_id'],
  ['role', 'roles', 'role_id'],
  ['membership_profile', 'membership_profiles', 'membership_profile_id'],
]

function membership(row, included) {
  const { relationships, ...rest } = links('memberships', row.id, [
    'organization',
    'role',
    'membership_profile',
    'application_memberships',
    'versions',
  ])
  if (included)
    for (const [name, type, key] of ONES) relationships[name].data = row[key] === null ? null : { type, id: row[key] }
  const attributes = {
    ...common(row),
    user_email: row.user_email,
    user_first_name: row.user_first_name,
    user_last_name: row.user_last_name,
    status: row.status,
    owner: row.owner,
    access_scope: row.access_scope,
    test_enabled: row.access_scope !== 'live_access',
    invitation_status: row.invitation_status,
    invitation_expires_at: iso(row.invitation_expires_at),
    accepted_at: iso(row.accepted_at),
    last_login_at: iso(row.last_login_at),
    last_active_at: iso(row.last_active_at),
  }
  return { type: 'memberships', id: row.id, attributes, ...rest, relationships }
}

function organizationObject({ id, created_at, updated_at, reference, reference_origin, metadata, ...row }) {
  const attributes = {
    // What stands in no column; the columns are read and win.
    ...constants,
    ...common({ created_at, updated_at, reference, reference_origin, metadata }),
    ...row,
  }
  return {
    type: 'organizations',
    id,
    attributes,
    ...links('organizations', id, ['memberships', 'roles', 'permissions', 'api_credentials']),
  }
}
const roleObject = (row) => ({
  type: 'roles',
  id: row.id,
  attributes: { ...common(row), name: row.name, kind: row.kind },
  ...links('roles', row.id, ['organization', 'permissions', 'memberships', 'api_credentials', 'versions']),
})
const profileObject = (row) => ({
  type: 'membership_profiles',
  id: row.id,
  attributes: {
    ...common(row),
    name: row.name,
    access_scope: row.access_scope,
    test_enabled: row.access_scope !== 'live_access',
  },
  ...links('membership_profiles', row.id, ['organization', 'memberships', 'application_memberships']),
})

const unique = (rows, key) => [...new Set(rows.map((row) => row[key]).filter((id) => id !== null))]

async function include(rows) {
  const [organizations, roles, profiles] = await Promise.all([
    ask('organizations', ORGANIZATIONS, [unique(rows, 'organization_id')]),
    ask('roles', ROLES, [organization, unique(rows, 'role_id')]),
    ask('profiles', PROFILES, [organization, unique(rows, 'membership_profile_id')]),
  ])
  return [...organizations.map(organizationObject), ...roles.map(roleObject), ...profiles.map(profileObject)]
}

async function list(url) {
  const withIncluded = url.includes('include=')
  const [rows, [{ count }]] = await Promise.all([
    ask('list', LIST, [organization]),
    ask('count', COUNT, [organization]),
  ])
  const included = withIncluded ? { included: await include(rows) } : {}
  const self = `${api}/memberships${url.slice(url.indexOf('?')).replaceAll('[', '%5B').replaceAll(']', '%5D').replaceAll(',', '%2C')}`
  const pages = Math.ceil(count / 25)
  const page = (number) => `${self}&page%5Bnumber%5D=${number}`
  return {
    data: rows.map((row) => membership(row, withIncluded)),
    ...included,
    meta: { record_count: count, page_count: pages },
    links: { self, first: page(1), next: page(2), last: page(pages) },
  }
}

const log = accessLog()
serve(
  createServer(async (req, res) => {
    log(req, res)
    const body = JSON.stringify(await list(req.url))
    res.writeHead(200, { 'Content-Type': 'application/vnd.api+json', 'Content-Length': Buffer.byteLength(body) })
    res.end(body)
  }),
)
