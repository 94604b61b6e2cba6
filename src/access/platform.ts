import type { Transaction } from '../db/queries.js'
import { newId } from '../ids.js'
import { revokeInvitationsOf } from './invitations.js'
import { type Principal, whoIs } from './principal.js'
import { endApplicationsOf } from './seat-applications.js'

/** What a request may ask of the tables that belong to no organization. Each is one narrow statement. */
export interface Platform {
  /** Takes a slug for good, for an organization of this transaction; false if another ever had it. */
  claimSlug(slug: string, organizationId: string): Promise<boolean>
  /** What every new custom role starts with. */
  basePermissions(): Promise<BasePermission[]>
  /** The id of the enabled user with this proven address: the one honest look-up across organizations. */
  userIdByEmail(email: string): Promise<string | undefined>
  /** Revokes the open invitations that a user has sent in an organization, with the user's seat; answers their ids. */
  revokeInvitationsOf(seat: { organizationId: string; userId: string }): Promise<string[]>
  /** Ends the application memberships of a seat, with the seat. */
  endApplicationsOf(seat: { organizationId: string; membershipId: string }): Promise<void>
  /** Brings back a softly deleted organization of which the caller is the owner; false if there is none such. */
  restoreOrganization(organizationId: string): Promise<boolean>
}

interface Caller {
  readonly principal: Principal
  readonly requestId: string
  readonly now: Date
}

export interface BasePermission {
  subject: string
  can_create: boolean
  can_read: boolean
  can_update: boolean
  can_destroy: boolean
}

/** Binds the platform look-ups to one request's transaction. */
export function createPlatform(trx: Transaction, caller: Caller): Platform {
  return {
    async claimSlug(slug, organizationId) {
      const answer = await trx.raw<{ rows: { claimed: boolean }[] }>('select claim_slug(?, ?) as claimed', [
        slug,
        organizationId,
      ])
      return answer.rows[0]?.claimed === true
    },
    basePermissions: () =>
      trx('base_permissions')
        .select('subject', 'can_create', 'can_read', 'can_update', 'can_destroy')
        .orderBy('subject'),
    async userIdByEmail(email) {
      const answer = await trx.raw<{ rows: { id: string | null }[] }>('select user_id_by_email(?) as id', [email])
      return answer.rows[0]?.id ?? undefined
    },
    revokeInvitationsOf: (seat) => revokeInvitationsOf(trx, seat, caller),
    endApplicationsOf: (seat) => endApplicationsOf(trx, seat, caller),
    async restoreOrganization(organizationId) {
      const { principal, requestId, now } = caller
      const bindings = [organizationId, newId(), JSON.stringify(whoIs(principal)), requestId, now]
      // The caller's user id is not passed: the function takes it from the transaction's own lock.
      const answer = await trx.raw<{ rows: { done: boolean }[] }>(
        'select restore_organization(?, ?, ?::jsonb, ?, ?) as done',
        bindings,
      )
      return answer.rows[0]?.done === true
    },
  }
}
