import type { Knex } from 'knex'
import { atOnce } from '../db/at-once.js'
import type { Delta } from './counts.js'

// Times are the database's: two instances whose clocks differ share a window all the same. Ordered, so that two
// instances that tell of the same keys wait for each other and never in a circle.
const TELL = `
  insert into rate_limits as r (key, points, expires_at)
    select u.key, u.points, clock_timestamp() + u.ms * interval '1 millisecond'
    from unnest(?::text[], ?::int[], ?::float8[]) as u (key, points, ms) order by u.key
  on conflict (key) do update set
    points = greatest(0, excluded.points + case when r.expires_at > clock_timestamp() then r.points else 0 end),
    expires_at = case when r.expires_at > clock_timestamp() then r.expires_at else excluded.expires_at end
  returning key, points, extract(epoch from expires_at - clock_timestamp())::float8 * 1000 as ms`

/** Adds what was counted here to what all instances have counted, and answers their totals. One statement. */
export async function tellCounts(knex: Knex, deltas: readonly Delta[]): Promise<Delta[]> {
  const columns = [deltas.map(({ key }) => key), deltas.map(({ points }) => points), deltas.map(({ ms }) => ms)]
  return atOnce<Delta>(knex, TELL, columns)
}
