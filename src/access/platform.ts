import type { Knex } from 'knex'

/** What a request may ask of the tables that belong to no organization. Each is one narrow statement. */
export interface Platform {
  /** Takes a slug for good; false if anybody ever had it. */
  claimSlug(slug: string, organizationId: string): Promise<boolean>
  /** What every new custom role starts with. */
  basePermissions(): Promise<BasePermission[]>
  /** The id of the enabled user with this proven address: the one honest look-up across organizations. */
  userIdByEmail(email: string): Promise<string | undefined>
}

export interface BasePermission {
  subject: string
  can_create: boolean
  can_read: boolean
  can_update: boolean
  can_destroy: boolean
}

/** Binds the platform look-ups to one request's transaction. */
export function createPlatform(trx: Knex.Transaction): Platform {
  return {
    async claimSlug(slug, organizationId) {
      const statement = 'insert into slugs (slug, organization_id) values (?, ?) on conflict do nothing'
      const answer = await trx.raw<{ rowCount: number }>(statement, [slug, organizationId])
      return answer.rowCount === 1
    },
    basePermissions: () =>
      trx('base_permissions')
        .select('subject', 'can_create', 'can_read', 'can_update', 'can_destroy')
        .orderBy('subject'),
    async userIdByEmail(email) {
      const answer = await trx.raw<{ rows: { id: string | null }[] }>('select user_id_by_email(?) as id', [email])
      return answer.rows[0]?.id ?? undefined
    },
  }
}
