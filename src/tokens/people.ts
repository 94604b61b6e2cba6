import type { Knex } from 'knex'
import { atOnce } from '../db/at-once.js'

/** What may be said of a person to an application that they have signed in to. */
export interface Person {
  readonly id: string
  readonly email: string
  readonly emailVerified: boolean
  readonly firstName: string | null
  readonly lastName: string | null
  readonly timeZone: string | null
  readonly updatedAt: Date
}

interface Row {
  id: string
  email: string
  verified: boolean
  first_name: string | null
  last_name: string | null
  time_zone: string | null
  updated_at: string
}

const READ = `select u.id, u.email, u.email_verified_at is not null as verified, u.first_name, u.last_name, u.time_zone, u.updated_at
  from users u
  where u.id = :userId and u.disabled_at is null and (cast(:organizationId as text) is null or exists (
    select 1 from memberships m
    where m.organization_id = :organizationId and m.user_id = u.id and m.status = 'active'))`

/** The person with this id; undefined when there is none, the account is disabled or, with `organizationId`, has no seat
 *  there. `knex` may be the caller's transaction as `gatehouse_auth`, or the pool. */
export async function readPerson(
  knex: Knex,
  { userId, organizationId }: { userId: string; organizationId?: string | undefined },
): Promise<Person | undefined> {
  const values = { userId, organizationId: organizationId ?? null }
  const [row] = await atOnce<Row>(knex, READ, values)
  if (row === undefined) return undefined
  return {
    id: row.id,
    email: row.email,
    emailVerified: row.verified,
    firstName: row.first_name,
    lastName: row.last_name,
    timeZone: row.time_zone,
    updatedAt: new Date(row.updated_at),
  }
}
