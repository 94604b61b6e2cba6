import type { Guarded } from '../../access/guarded.js'

/** Secrets of a credential. The hash is in no list of columns: it can be written and never read back. */
export const secrets: Guarded = {
  subject: 'api_credential_secrets',
  table: 'api_credential_secrets',
  tenant: 'organization_id',
  columns: ['organization_id', 'id', 'api_credential_id', 'last_used_at', 'retires_at', 'created_at'].map((name) => ({
    name,
  })),
  versionedAs: false,
  rightsOf: 'api_credentials',
}
