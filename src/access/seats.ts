import type { Knex } from 'knex'
import { asAuth } from '../db/roles.js'

/** An organization in which somebody may act, as the pages of its applications show it. Times in seconds; null: the
 *  installation's. */
export interface Seat {
  readonly organization: {
    readonly id: string
    readonly slug: string
    readonly region: string
    readonly name: string
    readonly logo_url: string | null
    readonly primary_color: string | null
  }
  readonly sessionMaxSeconds: number | null
  readonly sessionIdleSeconds: number | null
}

interface SeatRow {
  id: string
  slug: string
  region: string
  name: string
  logo_url: string | null
  primary_color: string | null
  session_max_seconds: number | null
  session_idle_seconds: number | null
}

// The same seats as access/grants.ts counts: what is not active there opens nothing here.
const SEATS = `select o.id, o.slug, o.region, o.name, o.logo_url, o.primary_color, o.session_max_seconds,
    o.session_idle_seconds
  from memberships m
  join organizations o on o.id = m.organization_id and o.deleted_at is null and o.suspended_at is null
  where m.user_id = :userId and m.status = 'active'`
const MOST = 500

const seatOf = ({ session_max_seconds, session_idle_seconds, ...organization }: SeatRow): Seat => ({
  organization,
  sessionMaxSeconds: session_max_seconds,
  sessionIdleSeconds: session_idle_seconds,
})

/** The organizations in which a user has an active seat, the oldest seat first. */
export function seatsOf(knex: Knex, userId: string): Promise<Seat[]> {
  return asAuth(knex, async (trx) => {
    const sql = `${SEATS} order by m.created_at, o.id limit ${MOST}`
    return (await trx.raw<{ rows: SeatRow[] }>(sql, { userId })).rows.map(seatOf)
  })
}

/** A user's active seat in one organization; undefined: they have none, or the organization is not open. */
export function seatIn(
  knex: Knex,
  { userId, organizationId }: { userId: string; organizationId: string },
): Promise<Seat | undefined> {
  return asAuth(knex, async (trx) => {
    const sql = `${SEATS} and o.id = :organizationId`
    const { rows } = await trx.raw<{ rows: SeatRow[] }>(sql, { userId, organizationId })
    return rows[0] && seatOf(rows[0])
  })
}

const MAKER = `select nullif(trim(concat_ws(' ', m.user_first_name, m.user_last_name)), '') as name
  from api_credentials c
  join memberships m on m.organization_id = c.organization_id and m.user_id = c.created_by ->> 'id' and m.status = 'active'
  where c.organization_id = :organizationId and c.id = :applicationId and c.created_by ->> 'type' = 'users'`

/** The name of who made an application, while they have a seat beside those who are asked: of others nothing is told. */
export function makerOf(
  knex: Knex,
  application: { organizationId: string; applicationId: string },
): Promise<string | undefined> {
  return asAuth(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: { name: string | null }[] }>(MAKER, application)
    return rows[0]?.name ?? undefined
  })
}
