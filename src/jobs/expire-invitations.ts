import { asAuth } from '../db/roles.js'
import { newId } from '../ids.js'
import { inBatches, type Job } from './job.js'

const BATCH = 500

interface Expired {
  organization_id: string
  id: string
}

/** Says of invitations whose time is over that they have expired, and writes it into the history: `who` is null, because
 *  nobody did it. An invitation is refused from its very expiry on; this is what lists and filters show. */
export const expireInvitations: Job = {
  name: 'expire-invitations',
  everySeconds: 60,
  async run({ knex, now, signal }) {
    const changes = JSON.stringify({ invitation_status: ['pending', 'expired'] })
    await inBatches(signal, BATCH, () =>
      asAuth(knex, async (trx) => {
        const { rows } = await trx.raw<{ rows: Expired[] }>(
          `update memberships m set invitation_status = 'expired', invitation_token_hash = null, updated_at = :now
            from (select organization_id, id from memberships
              where status = 'pending' and invitation_status = 'pending' and invitation_expires_at <= :now
              order by invitation_expires_at limit :limit for update skip locked) due
            where m.organization_id = due.organization_id and m.id = due.id returning m.organization_id, m.id`,
          { now, limit: BATCH },
        )
        const versions = rows.map(({ organization_id, id: resource_id }) => {
          const resource = { organization_id, resource_type: 'memberships', resource_id }
          return { id: newId(), ...resource, event: 'update', changes, who: null, request_id: null, created_at: now }
        })
        if (versions.length > 0) await trx('versions').insert(versions)
        return rows.length
      }),
    )
  },
}
