import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import { isIdentity } from './abilities.js'
import type { Principal } from './principal.js'

interface User {
  id: string
  type: 'User'
  first_name: string | null
  last_name: string | null
  email: string
  owner: boolean
  time_zone: string | null
}

/** Whom a token acts for, as it may know itself: of a user as much as its scope tells. Source: CONTRACT 5.7 */
export type TokenOwner = (Pick<User, 'id' | 'type'> & Partial<User>) | { id: string; type: 'Customer'; email: string }

/** What the database says of a token's application, role and owner. */
export interface TokenFacts {
  readonly applicationName: string
  readonly role: { id: string; kind: string; name: string } | undefined
  readonly owner: TokenOwner | undefined
}

const PERSONAL = 'Personal provisioning credential'
const CONSOLE = 'Gatehouse'

const APPLICATION = `select c.name, r.id as "roleId", r.kind as "roleKind", r.name as "roleName"
  from api_credentials c left join roles r on r.organization_id = c.organization_id and r.id = c.role_id
  where c.organization_id = :organization and c.id = :application`

// What an application membership gives its user there, as in grants.ts: a profile wins over the seat itself.
const WITHIN = `(select a.role_id from application_memberships a
    where a.organization_id = m.organization_id and a.api_credential_id = :application and :webapp
      and (a.membership_id = m.id or a.membership_profile_id = m.membership_profile_id)
    order by (a.membership_profile_id is not distinct from m.membership_profile_id) desc, a.id limit 1)`

const USER = `select u.id, 'User' as type, u.first_name, u.last_name, u.email, coalesce(m.owner, false) as owner, u.time_zone,
    r.id as "roleId", r.kind as "roleKind", r.name as "roleName"
  from users u
  left join memberships m on m.user_id = u.id and m.organization_id = :organization and m.status = 'active'
  left join roles r on r.organization_id = m.organization_id and r.id = coalesce(${WITHIN}, m.role_id)
  where u.id = :user`

const CUSTOMER = `select id, 'Customer' as type, email from customers where organization_id = :organization and id = :customer`

interface RoleColumns {
  roleId: string | null
  roleKind: string | null
  roleName: string | null
}

const roleOf = (row: RoleColumns | undefined): TokenFacts['role'] =>
  row?.roleId == null ? undefined : { id: row.roleId, kind: String(row.roleKind), name: String(row.roleName) }

/** A user as far as the scope of a token tells who somebody is: what they are in the organization is no part of that. */
function asFarAs(scope: readonly string[], { id, type, first_name, last_name, time_zone, email }: User): TokenOwner {
  return {
    id,
    type,
    ...(scope.includes('profile') ? { first_name, last_name, time_zone } : {}),
    ...(scope.includes('email') ? { email } : {}),
  }
}

/** Reads what a token may know of itself. Of a webapp the role is its user's: that of an application membership where there
 *  is one, else the seat's. Of other applications it is their own. One that only asks who somebody is has none. */
export function readTokenFacts(knex: Knex, principal: Principal, customerId: string | undefined): Promise<TokenFacts> {
  const { kind, organizationId: organization = null, applicationId: application, userId: user = null } = principal
  const webapp = kind === 'webapp'
  const identity = isIdentity(principal.scope)
  return asAuth(knex, async (trx) => {
    const first = async <T>(sql: string, bindings: Record<string, string | boolean | null>): Promise<T | undefined> =>
      (await trx.raw<{ rows: T[] }>(sql, bindings)).rows[0]
    const credential = await first<RoleColumns & { name: string }>(APPLICATION, { organization, application })
    const found =
      user === null ? undefined : await first<RoleColumns & User>(USER, { organization, user, application, webapp })
    const customer =
      customerId === undefined ? undefined : await first<TokenOwner>(CUSTOMER, { organization, customer: customerId })
    const person = found && (identity ? asFarAs(principal.scope, found) : withoutRole(found))
    return {
      applicationName: credential?.name ?? (kind === 'dashboard' ? CONSOLE : PERSONAL),
      role: identity ? undefined : (roleOf(found) ?? roleOf(credential)),
      owner: person ?? customer,
    }
  })
}

function withoutRole(row: RoleColumns & User): TokenOwner {
  const { roleId: _id, roleKind: _kind, roleName: _name, ...owner } = row
  return owner
}
