import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'
import type { Principal } from './principal.js'

/** What a person's own pages show of them. */
export interface Profile {
  readonly userId: string
  readonly email: string
  /** The new address that waits for its mailbox. */
  readonly unconfirmedEmail: string | null
  readonly firstName: string | null
  readonly lastName: string | null
  readonly timeZone: string | null
  readonly twoFactor: boolean
  readonly passwordChangedAt: string | null
  readonly createdAt: string
  /** The row of the personal provisioning credential: what the person changes, is changed in its name. Whoever has none is
   *  one themself. */
  readonly credentialId: string
}

/** The profile of an enabled user; undefined when there is none. */
export function profileOf(knex: Knex, userId: string): Promise<Profile | undefined> {
  return asAuth(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: Profile[] }>(
      `select u.id as "userId", u.email, u.unconfirmed_email as "unconfirmedEmail", u.first_name as "firstName",
        u.last_name as "lastName", u.time_zone as "timeZone", u.totp_confirmed_at is not null as "twoFactor",
        u.password_changed_at as "passwordChangedAt", u.created_at as "createdAt", coalesce(c.id, u.id) as "credentialId"
      from users u left join user_credentials c on c.user_id = u.id where u.id = ? and u.disabled_at is null`,
      [userId],
    )
    return rows[0]
  })
}

/** A person at our own pages as a caller: as they are with their personal credential. */
export const principalOf = ({ userId, credentialId }: Pick<Profile, 'userId' | 'credentialId'>): Principal => ({
  kind: 'user',
  applicationId: credentialId,
  userId,
  scope: [],
  test: false,
})

/** A seat of a person, as the person sees it. */
export interface OwnSeat {
  readonly organizationId: string
  readonly organization: string
  readonly slug: string
  readonly role: string | null
  readonly owner: boolean
  readonly suspended: boolean
}

const MOST = 200

/** The active seats of a user in organizations that are there, by name. */
export function ownSeats(knex: Knex, userId: string): Promise<OwnSeat[]> {
  return asAuth(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: OwnSeat[] }>(
      `select o.id as "organizationId", o.name as organization, o.slug, r.name as role, m.owner,
        o.suspended_at is not null as suspended
      from memberships m join organizations o on o.id = m.organization_id
        left join roles r on r.organization_id = m.organization_id and r.id = m.role_id
      where m.user_id = :userId and m.status = 'active' and o.deleted_at is null
      order by lower(o.name), o.id limit :most`,
      { userId, most: MOST },
    )
    return rows
  })
}
