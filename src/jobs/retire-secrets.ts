import { asAuth } from '../db/roles.js'
import { newId } from '../ids.js'
import { inBatches, type Job } from './job.js'

const BATCH = 500

interface Retired {
  organization_id: string
  id: string
  api_credential_id: string
  retires_at: string
}

/** Removes secrets whose overlap is over. They have been refused since; with the row go the tokens minted with it (trigger
 *  api_credential_secrets_end_tokens). The history says so, with `who` null: it was decided at the rotation. */
export const retireSecrets: Job = {
  name: 'retire-secrets',
  everySeconds: 30,
  async run({ knex, now, signal }) {
    await inBatches(signal, BATCH, () =>
      asAuth(knex, async (trx) => {
        const { rows } = await trx.raw<{ rows: Retired[] }>(
          `delete from api_credential_secrets s
            using (select organization_id, id from api_credential_secrets where retires_at <= :now
              order by retires_at limit :limit for update skip locked) due
            where s.organization_id = due.organization_id and s.id = due.id
            returning s.organization_id, s.id, s.api_credential_id, s.retires_at`,
          { now, limit: BATCH },
        )
        const versions = rows.map(({ organization_id, id: resource_id, api_credential_id, retires_at }) => {
          const changes = { api_credential_id: [api_credential_id, null], retires_at: [retires_at, null] }
          const resource = { organization_id, resource_type: 'api_credential_secrets', resource_id }
          const what = { event: 'destroy', changes: JSON.stringify(changes), who: null, request_id: null }
          return { id: newId(), ...resource, ...what, created_at: now }
        })
        if (versions.length > 0) await trx('versions').insert(versions)
        return rows.length
      }),
    )
  },
}
