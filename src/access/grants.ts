import type { Knex } from 'knex'
import { atOnce } from '../db/at-once.js'
import type { Principal } from './principal.js'
import type { TargetFilters } from './targets.js'

export type PermissionAction = 'create' | 'read' | 'update' | 'destroy'

/** What a role gives: its kind and, where it is custom, the actions on each subject. */
export interface RoleRights {
  readonly kind: 'admin' | 'read_only' | 'custom' | 'none'
  readonly permissions: Readonly<Record<string, readonly PermissionAction[]>>
}

/** One principal's standing in one organization. */
export interface Grant extends RoleRights {
  readonly organizationId: string
  readonly owner: boolean
  readonly roleId?: string
  readonly membershipId?: string
  /** Whether the seat opens the test mode only, or the application was made from such a seat: then it gives nobody more. */
  readonly testOnly?: true
  /** The role of an application membership for the token's webapp: rights are what both roles give. */
  readonly within?: RoleRights
  /** Restrictions of that application membership. */
  readonly filters?: TargetFilters
  /** When the application's credential expires, in milliseconds: then the grant is over. */
  readonly expiresAt?: number
}

interface GrantRow {
  organization_id: string
  membership_id: string | null
  owner: boolean
  role_id: string | null
  kind: RoleRights['kind']
  permissions: PermissionFlags[] | null
  within: Within | null
  access_scope: string | null
  expires_at?: string | null
  test_only?: boolean
}

/** The role of an application membership, and its restrictions. */
interface Within {
  kind: RoleRights['kind']
  permissions: PermissionFlags[] | null
  filters: TargetFilters | null
}

interface PermissionFlags {
  subject: string
  can_create: boolean
  can_read: boolean
  can_update: boolean
  can_destroy: boolean
}

const FLAGS = { can_create: 'create', can_read: 'read', can_update: 'update', can_destroy: 'destroy' } as const

/** Turns permission rows into the actions on each subject. */
export function permissionsOf(rows: readonly PermissionFlags[]): RoleRights['permissions'] {
  const entries = rows.map((row) => {
    const actions = Object.entries(FLAGS).filter(([flag]) => row[flag as keyof typeof FLAGS])
    return [row.subject, actions.map(([, action]) => action)] as const
  })
  return Object.fromEntries(entries)
}

const PERMISSIONS = `(
  select jsonb_agg(jsonb_build_object('subject', p.subject, 'can_create', p.can_create, 'can_read', p.can_read,
    'can_update', p.can_update, 'can_destroy', p.can_destroy))
  from permissions p where p.organization_id = r.organization_id and p.role_id = r.id and r.kind = 'custom')`
const ROLE_COLUMNS = `r.id as role_id, r.kind, ${PERMISSIONS} as permissions`

// Where a profile and the seat itself both say something about an application, the profile wins (CONTRACT 3.3).
const WITHIN = `(
  select jsonb_build_object('kind', r.kind, 'permissions', ${PERMISSIONS}, 'filters', a.filters)
  from application_memberships a join roles r on r.organization_id = a.organization_id and r.id = a.role_id
  where a.organization_id = m.organization_id and a.api_credential_id = :application
    and (a.membership_id = m.id or a.membership_profile_id = m.membership_profile_id)
  order by (a.membership_profile_id is not distinct from m.membership_profile_id) desc, a.id limit 1)`

// What a seat shows is what counts: its profile's access scope before its own (CONTRACT 3.3).
const SEAT = `m.organization_id, m.id as membership_id, m.owner, m.shown_access_scope as access_scope, ${ROLE_COLUMNS}`
const SEATS = `from memberships m
  join roles r on r.organization_id = m.organization_id and r.id = m.role_id
  join organizations o on o.id = m.organization_id and o.deleted_at is null and o.suspended_at is null
  join users u on u.id = m.user_id and u.disabled_at is null`
const OF_USER = `select ${SEAT}, null as within ${SEATS} where m.user_id = :user and m.status = 'active'`

const ALIVE = 'c.disabled_at is null and (c.expires_at is null or c.expires_at > :now)'
// A webapp lends its user's rights only while it lives itself.
const THROUGH_WEBAPP = `select ${SEAT}, ${WITHIN} as within, c.expires_at, c.test_only ${SEATS}
  join api_credentials c on c.organization_id = m.organization_id and c.id = :application and ${ALIVE}
  where m.user_id = :user and m.status = 'active'`

const OF_APPLICATION = `select c.organization_id, null as membership_id, false as owner, null as access_scope, ${ROLE_COLUMNS}, null as within,
  c.expires_at, c.test_only
  from api_credentials c
  left join roles r on r.organization_id = c.organization_id and r.id = c.role_id
  join organizations o on o.id = c.organization_id and o.deleted_at is null and o.suspended_at is null
  where c.organization_id = :organization and c.id = :application and ${ALIVE}`

function withinOf({ within }: GrantRow): Pick<Grant, 'within' | 'filters'> {
  if (within === null) return {}
  const { kind, filters } = within
  const rights = { kind, permissions: permissionsOf(within.permissions ?? []) }
  return filters === null || Object.keys(filters).length === 0 ? { within: rights } : { within: rights, filters }
}

/** What an application has: its role where its kind is to have one. A sales channel stands in its organization without any
 *  right, whatever role somebody managed to attach to it. */
function applicationGrant(row: GrantRow, principal: Principal): Grant {
  const { organization_id: organizationId, role_id } = row
  if (principal.kind === 'integration' && role_id !== null) return grantOf(row)
  return { organizationId, owner: false, kind: 'none', permissions: {}, ...endOf(row) }
}

const endOf = ({ expires_at }: GrantRow): Pick<Grant, 'expiresAt'> =>
  expires_at == null ? {} : { expiresAt: Date.parse(expires_at) }

function grantOf(row: GrantRow): Grant {
  return {
    organizationId: row.organization_id,
    owner: row.owner,
    kind: row.kind,
    permissions: permissionsOf(row.permissions ?? []),
    ...(row.role_id === null ? {} : { roleId: row.role_id }),
    ...(row.membership_id === null ? {} : { membershipId: row.membership_id }),
    ...(row.access_scope === 'test_access' || row.test_only === true ? { testOnly: true as const } : {}),
    ...withinOf(row),
    ...endOf(row),
  }
}

/** Whether a principal is an application that acts for itself, so that without a grant it is nobody at all. */
export const isMachine = ({ kind }: Principal): boolean =>
  kind === 'integration' || kind === 'sales_channel' || kind === 'resources'

/** Reads a principal's standing from the database: its seats (as a user), or the application's own row with its role. An
 *  application that is deleted, disabled or expired, or whose organization is gone, has none. */
export async function loadGrants(knex: Knex, principal: Principal, now: Date): Promise<Grant[]> {
  const { kind, userId: user = null, organizationId: organization = null, applicationId: application } = principal
  if (isMachine(principal)) {
    const rows = await atOnce<GrantRow>(knex, OF_APPLICATION, { organization, application, now })
    return rows.map((row) => applicationGrant(row, principal))
  }
  const narrowed = organization === null ? '' : ' and m.organization_id = :organization'
  const seats = kind === 'webapp' ? THROUGH_WEBAPP : OF_USER
  const rows = await atOnce<GrantRow>(knex, `${seats}${narrowed}`, { user, organization, application, now })
  return rows.map(grantOf)
}
