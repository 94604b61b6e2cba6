import { datetime, defineResource, object, oneOf, string, toMany, toOne } from '../../jsonapi/define.js'
import { retireSecret } from './retire.js'

/** Secrets of applications: when each was made, used and retires; never the secret. The hash is no column here, so that it
 *  can be written and never read back. */
export const apiCredentialSecrets = defineResource({
  type: 'api_credential_secrets',
  doc: 'One secret of an application, without the secret itself. Several live side by side during a rotation.',
  table: 'api_credential_secrets',
  tenant: 'organization_id',
  rightsOf: 'api_credentials',
  versioned: true,
  attributes: {
    mode: oneOf(['test', 'live'], { can: ['read'], doc: "Its application's mode.", example: 'test' }),
    last_used_at: datetime({
      can: ['read', 'filter', 'sort'],
      nullable: true,
      doc: 'When it last got a token; at most a minute old.',
    }),
    retires_at: datetime({
      can: ['read', 'filter', 'sort'],
      nullable: true,
      doc: 'When it stops counting, with the tokens minted with it; null: never.',
    }),
    created_at: datetime({
      can: ['read', 'filter', 'sort'],
      doc: 'When it was made.',
      example: '2026-01-02T03:04:05.678Z',
    }),
    updated_at: datetime({
      can: ['read', 'filter', 'sort'],
      doc: 'When it was last changed, that is, when it was decided that it retires.',
      example: '2026-01-02T03:04:05.678Z',
    }),
    reference: string({ can: ['read'], constant: null, nullable: true, doc: 'Always null.' }),
    reference_origin: string({ can: ['read'], constant: null, nullable: true, doc: 'Always null.' }),
    metadata: object({ can: ['read'], constant: {}, doc: 'Always empty.' }),
  },
  relationships: {
    organization: toOne('organizations', { key: 'organization_id', can: ['read', 'filter'], doc: 'Whose it is.' }),
    api_credential: toOne('api_credentials', {
      key: 'api_credential_id',
      can: ['read', 'filter'],
      doc: 'The application that it proves.',
    }),
    versions: toMany('versions', {
      key: 'resource_id',
      where: { resource_type: 'api_credential_secrets' },
      can: ['read'],
      doc: 'Its history.',
    }),
  },
  verbs: { list: true, retrieve: true, delete: retireSecret },
})
