import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import type { Principal } from './principal.js'

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
}

interface GrantRow {
  organization_id: string
  membership_id: string | null
  owner: boolean
  role_id: string
  kind: RoleRights['kind']
  permissions: PermissionFlags[] | null
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

const ROLE_COLUMNS = `r.id as role_id, r.kind, (
  select jsonb_agg(jsonb_build_object('subject', p.subject, 'can_create', p.can_create, 'can_read', p.can_read,
    'can_update', p.can_update, 'can_destroy', p.can_destroy))
  from permissions p where p.organization_id = r.organization_id and p.role_id = r.id and r.kind = 'custom') as permissions`

const OF_USER = `select m.organization_id, m.id as membership_id, m.owner, ${ROLE_COLUMNS}
  from memberships m
  join roles r on r.organization_id = m.organization_id and r.id = m.role_id
  join organizations o on o.id = m.organization_id and o.deleted_at is null and o.suspended_at is null
  join users u on u.id = m.user_id and u.disabled_at is null
  where m.user_id = :user and m.status = 'active'`

const OF_APPLICATION = `select c.organization_id, null as membership_id, false as owner, ${ROLE_COLUMNS}
  from api_credentials c
  join roles r on r.organization_id = c.organization_id and r.id = c.role_id
  join organizations o on o.id = c.organization_id and o.deleted_at is null and o.suspended_at is null
  where c.organization_id = :organization and c.id = :application and c.disabled_at is null
    and (c.expires_at is null or c.expires_at > :now)`

function grantOf(row: GrantRow): Grant {
  return {
    organizationId: row.organization_id,
    owner: row.owner,
    kind: row.kind,
    permissions: permissionsOf(row.permissions ?? []),
    roleId: row.role_id,
    ...(row.membership_id === null ? {} : { membershipId: row.membership_id }),
  }
}

/** Reads a principal's standing from the database: its seats (as a user) or its role (as an integration).
 *  A sales channel stands in its organization without any right, whatever role somebody managed to attach to it. */
export async function loadGrants(knex: Knex, principal: Principal, now: Date): Promise<Grant[]> {
  const { kind, userId: user = null, organizationId: organization = null, applicationId: application } = principal
  if (kind === 'sales_channel' || kind === 'resources') {
    return organization === null ? [] : [{ organizationId: organization, owner: false, kind: 'none', permissions: {} }]
  }
  return asAuth(knex, async (trx) => {
    if (kind === 'integration') {
      const answer = await trx.raw<{ rows: GrantRow[] }>(OF_APPLICATION, { organization, application, now })
      return answer.rows.map(grantOf)
    }
    const narrowed = organization === null ? '' : ' and m.organization_id = :organization'
    const answer = await trx.raw<{ rows: GrantRow[] }>(`${OF_USER}${narrowed}`, { user, organization })
    return answer.rows.map(grantOf)
  })
}
