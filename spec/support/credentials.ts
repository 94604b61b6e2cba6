import type { Secrets } from '../../src/crypto/secrets.js'
import type { Database } from '../../src/db/connect.js'
import type { Transaction } from '../../src/db/queries.js'
import { transaction } from '../../src/db/transaction.js'
import { newClientId, newId } from '../../src/ids.js'

/** Does `work` as one of the database roles, with the second lock open for one organization. */
export function asRole<T>(
  { knex }: Pick<Database, 'knex'>,
  { role, organizationId = '' }: { role: 'api' | 'auth' | 'definer'; organizationId?: string },
  work: (trx: Transaction) => Promise<T>,
): Promise<T> {
  return transaction(knex, async (trx) => {
    await trx.raw(`set local role gatehouse_${role}`)
    await trx.raw("select set_config('app.organization_ids', ?, true)", [organizationId])
    return work(trx)
  })
}

const stamps = () => ({ created_at: new Date(), updated_at: new Date() })

/** An organization with an admin role. */
export async function anOrganization(db: Database, extra: Record<string, unknown> = {}) {
  const id = newId()
  const roleId = newId()
  const slug = `org-${id.toLowerCase()}`
  await asRole(db, { role: 'api', organizationId: id }, async (trx) => {
    await trx('organizations').insert({ id, name: slug, slug, ...stamps(), ...extra })
    await trx('roles').insert({ organization_id: id, id: roleId, name: 'Admin', kind: 'admin', ...stamps() })
  })
  return { id, slug, roleId }
}

export type Organization = Awaited<ReturnType<typeof anOrganization>>

/** A credential of an organization with one secret. */
export async function aCredential(
  db: Database,
  secrets: Secrets,
  options: { organization: Organization; kind: string; extra?: Record<string, unknown> },
) {
  const { organization, kind, extra = {} } = options
  const [id, secretId, secret] = [newId(), newId(), secrets.newSecret('gh_sk_test_')]
  const clientId = newClientId()
  const confidential = kind !== 'sales_channel'
  const role = kind === 'integration' ? { role_id: organization.roleId } : {}
  const organization_id = organization.id
  await asRole(db, { role: 'api', organizationId: organization.id }, async (trx) => {
    const row = { organization_id, id, name: kind, kind, client_id: clientId, confidential, expires_in: 7200 }
    await trx('api_credentials').insert({ ...row, ...role, ...stamps(), ...extra })
    await trx('api_credential_secrets').insert({
      organization_id,
      id: secretId,
      api_credential_id: id,
      hash: secrets.hash(secret),
      created_at: new Date(),
    })
  })
  return { id, clientId, secret, secretId, organization }
}

/** A user with the personal credential. */
export async function aUser(db: Database, secrets: Secrets) {
  const [id, credentialId, secret] = [newId(), newId(), secrets.newSecret('gh_sk_live_')]
  const clientId = newClientId()
  await asRole(db, { role: 'auth' }, async (trx) => {
    await trx('users').insert({ id, email: `${id.toLowerCase()}@example.com`, ...stamps() })
    const row = { id: credentialId, user_id: id, client_id: clientId, secret_hash: secrets.hash(secret) }
    await trx('user_credentials').insert({ ...row, ...stamps() })
  })
  return { userId: id, id: credentialId, clientId, secret }
}
