import { type Grant, isMachine, type PermissionAction, type RoleRights } from './grants.js'
import type { Principal } from './principal.js'
import { type Clauses, filterClauses, targetClauses } from './targets.js'

/** The four actions of a permission row, and `own`: what only an organization's owner may do (DECISIONS 3). */
export type Action = PermissionAction | 'own'

/** Which rows of a subject an action may touch. Empty `organizations` and no `own`: none. */
export interface RowRule {
  readonly organizations: readonly string[]
  /** Rows that are the caller's own, in addition: column and value. */
  readonly own?: { readonly column: string; readonly value: string; readonly organizations: readonly string[] }
  /** Conditions that every row must meet besides. */
  readonly only?: Readonly<Record<string, string>>
  /** Tests that every row must meet besides. */
  readonly clauses?: Clauses
  /** Whether only the subject's public columns may be seen. */
  readonly publicOnly?: true
}

/** A principal's rights, evaluated: the one answer that enforcement, explanation and dry runs use. */
export interface Abilities {
  /** Every organization in which the principal stands at all: the second lock's value. */
  readonly organizations: readonly string[]
  rows(action: Action, subject: string): RowRule
  may(action: Action, subject: string, organizationId: string): boolean
  /** Whether the principal holds everything that a role gives: nobody grants what they do not hold. */
  holds(organizationId: string, rights: RoleRights): boolean
  grantIn(organizationId: string): Grant | undefined
  /** Whether the principal may found an organization: people may, machines and who acts in one organization may not. */
  mayFound(): boolean
  /** Why an action is (not) allowed in an organization, for people. */
  why(action: Action, subject: string, organizationId: string): string
}

export type Evaluate = (principal: Principal, grants: readonly Grant[]) => Abilities

/** The faces that every token with an organization may see: that organization and its own application. */
const FACES: Readonly<Record<string, string>> = { organization: 'organizationId', application: 'applicationId' }

/** What only the owner may do, though it looks like an ordinary action. */
const OWNERS_ONLY = new Set([
  'destroy organizations',
  'create identity_providers',
  'update identity_providers',
  'destroy identity_providers',
])

const NARROWING = /^(\*|[a-z][a-z0-9_]*):(create|read|update|destroy|manage)$/
const PLANE = /^(provisioning|metrics)-api$/
const IDENTITY = /^(openid|profile|email)$/

/** Whether a token was asked for to know who somebody is: it lends none of their rights. */
export const isIdentity = (scope: readonly string[]): boolean =>
  scope.length > 0 && scope.every((item) => IDENTITY.test(item))

function scopeAllows(scope: readonly string[], action: Action, subject: string): boolean {
  const items = scope.flatMap((item) => {
    const [, of, verb] = NARROWING.exec(item) ?? []
    return of === undefined ? [] : [{ of, verb }]
  })
  if (items.length > 0) {
    // `*` means something in `*:read` only; elsewhere it narrows to nothing rather than not at all.
    return items.some(({ of, verb }) =>
      of === '*' ? verb === 'read' && action === 'read' : of === subject && (verb === 'manage' || verb === action),
    )
  }
  const planes = scope.filter((item) => PLANE.test(item))
  if (planes.length > 0) return planes.includes('provisioning-api')
  return !isIdentity(scope)
}

function rightsAllow(rights: RoleRights, action: Action, subject: string): boolean {
  if (rights.kind === 'admin') return true
  if (rights.kind === 'read_only') return action === 'read'
  return rights.permissions[subject]?.includes(action as PermissionAction) ?? false
}

const isOwners = (action: Action, subject: string): boolean =>
  action === 'own' || OWNERS_ONLY.has(`${action} ${subject}`)

/** Whether the caller is a person who has proven it themself. Whom an application has merely named lends it their seat, as
 *  any admin could; not their account, nor what is the owner's (ATTACKS T15). */
export const isInPerson = (principal: Principal): boolean =>
  principal.userId !== undefined && principal.asserted !== true && !isMachine(principal)

/** The seat's role, and for a webapp the narrower role of an application membership: neither widens the other. */
function roleAllows(grant: Grant, action: Action, subject: string): boolean {
  const { within } = grant
  if (isOwners(action, subject)) return grant.owner && within === undefined
  return rightsAllow(grant, action, subject) && (within === undefined || rightsAllow(within, action, subject))
}

/** What the token's own organization shows to a sales channel: the targets that its scope names, to read (DECISIONS 3). */
const channelAllows = (principal: Principal, action: Action, subject: string): boolean =>
  action === 'read' && targetClauses(principal.scope, subject) !== undefined

const isNarrowed = (scope: readonly string[]): boolean => scope.some((item) => NARROWING.test(item))

function holdsAll(principal: Principal, grant: Grant, rights: RoleRights): boolean {
  if (rights.kind === 'none') return true
  // Whoever sees some rows only does not hold what gives all of them.
  const whole = grant.filters === undefined || rights.kind === 'custom'
  const kinds = [grant.kind, grant.within?.kind ?? grant.kind]
  if (rights.kind === 'admin') {
    return whole && kinds.every((kind) => kind === 'admin') && !isNarrowed(principal.scope)
  }
  if (rights.kind === 'read_only') {
    const readsAll = whole && kinds.every((kind) => kind === 'admin' || kind === 'read_only')
    return readsAll && (!isNarrowed(principal.scope) || principal.scope.includes('*:read'))
  }
  return Object.entries(rights.permissions).every(([subject, actions]) =>
    actions.every(
      (action) =>
        filterClauses(grant.filters ?? {}, subject).length === 0 &&
        roleAllows(grant, action, subject) &&
        scopeAllows(principal.scope, action, subject),
    ),
  )
}

/** Rows that are the caller's own whatever their role: one's user, and one's seats (to see and to leave). */
function ownRows(principal: Principal, action: Action, subject: string): { column: string; value: string } | undefined {
  if (principal.userId === undefined || isMachine(principal)) return undefined
  if (action !== 'read' && !isInPerson(principal)) return undefined
  if (subject === 'user' && (action === 'read' || action === 'update')) return { column: 'id', value: principal.userId }
  if (subject === 'memberships' && (action === 'read' || action === 'destroy')) {
    return { column: 'user_id', value: principal.userId }
  }
  return undefined
}

/** Conditions besides the organization: faces show one row; a test-mode machine touches test-mode credentials only. */
function conditions(principal: Principal, subject: string): Record<string, string> {
  const face = FACES[subject]
  if (face === 'organizationId') return { id: principal.organizationId ?? '' }
  if (face === 'applicationId') return { id: principal.applicationId }
  return subject === 'api_credentials' && principal.test ? { mode: 'test' } : {}
}

/** Rows besides the organization: a sales channel sees what its scope names, a member what the filters of an application
 *  membership leave. Only webapps have such filters, and they stand in one organization. */
function narrowing(principal: Principal, grants: readonly Grant[], subject: string): Partial<RowRule> {
  if (principal.kind === 'sales_channel') {
    const clauses = targetClauses(principal.scope, subject)
    return clauses === undefined ? {} : { clauses, publicOnly: true }
  }
  const clauses = grants.flatMap(({ filters }) => (filters === undefined ? [] : filterClauses(filters, subject)))
  return clauses.length === 0 ? {} : { clauses }
}

/** THE EVALUATOR. Rights = application kind ∩ role ∩ scopes ∩ mode, from what stands in the database now, never from
 *  the token. Source: DECISIONS 3. */
export const evaluate: Evaluate = (principal, grants) => {
  const byOrganization = new Map(grants.map((grant) => [grant.organizationId, grant]))
  const organizations = [...byOrganization.keys()]
  const { scope, organizationId: within } = principal

  const may = (action: Action, subject: string, organizationId: string): boolean => {
    const grant = byOrganization.get(organizationId)
    if (grant === undefined) return false
    if (FACES[subject] !== undefined) return action === 'read' && principal.organizationId === organizationId
    if (principal.kind === 'sales_channel') return channelAllows(principal, action, subject)
    if (principal.asserted === true && isOwners(action, subject)) return false
    return scopeAllows(principal.scope, action, subject) && roleAllows(grant, action, subject)
  }

  return {
    organizations,
    may,
    rows(action, subject) {
      const allowed = organizations.filter((id) => may(action, subject, id))
      // Who one is, no narrow token lacks (of one for identity alone userinfo tells), but one whose seat or webapp has ended.
      const isSelf = action === 'read' && subject === 'user' && !isIdentity(principal.scope)
      const narrowed = !isSelf && !scopeAllows(principal.scope, action, subject)
      const own = narrowed || (within && !byOrganization.has(within)) ? undefined : ownRows(principal, action, subject)
      const only = conditions(principal, subject)
      const all = allowed.length === organizations.length && subject !== 'user'
      return {
        organizations: allowed,
        ...(own === undefined || all ? {} : { own: { ...own, organizations } }),
        ...(Object.keys(only).length === 0 ? {} : { only }),
        ...narrowing(principal, grants, subject),
      }
    },
    holds(organizationId, rights) {
      const grant = byOrganization.get(organizationId)
      return grant !== undefined && holdsAll(principal, grant, rights)
    },
    grantIn: (organizationId) => byOrganization.get(organizationId),
    mayFound: () => within === undefined && isInPerson(principal) && scopeAllows(scope, 'create', 'organizations'),
    why(action, subject, organizationId) {
      const grant = byOrganization.get(organizationId)
      if (grant === undefined) return 'The caller has no seat and no application in that organization.'
      if (!scopeAllows(scope, action, subject)) return `The token's scopes do not include ${subject}:${action}.`
      if (!roleAllows(grant, action, subject)) return `The role (${grant.kind}) does not allow ${action} on ${subject}.`
      return `The role (${grant.kind}) allows ${action} on ${subject}.`
    },
  }
}
