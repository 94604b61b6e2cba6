import {
  boolean,
  common,
  datetime,
  defineResource,
  integer,
  list,
  object,
  oneOf,
  string,
  toMany,
  toOne,
} from '../../jsonapi/define.js'
import { disableCredential, enableCredential } from './disable.js'
import { issueCredential } from './issue.js'
import { removeCredential } from './remove.js'
import { rotateSecret } from './rotate-secret.js'
import { updateCredential } from './update.js'

/** An application of an organization. */
export const apiCredentials = defineResource({
  type: 'api_credentials',
  doc: 'An application of an organization: a sales channel, an integration or a webapp.',
  table: 'api_credentials',
  tenant: 'organization_id',
  versioned: true,
  attributes: {
    ...common,
    name: string({
      can: ['create', 'update', 'read', 'filter'],
      required: true,
      doc: 'Name.',
      example: 'My storefront',
    }),
    kind: string({
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'sales_channel, integration or webapp; fixed once made.',
      example: 'sales_channel',
    }),
    confidential: boolean({
      can: ['create', 'read', 'filter'],
      doc: 'Whether it must present its secret. May be false for a webapp that runs in the browser only.',
      example: true,
    }),
    redirect_uri: string({
      can: ['create', 'update', 'read', 'filter'],
      nullable: true,
      format: 'redirect_uri',
      max: 2000,
      doc: 'Where sign-ins return to: https, or loopback; exact.',
      example: 'https://bluebrand.com/img/logo.svg',
    }),
    redirect_uris: list({
      can: ['create', 'update', 'read'],
      format: 'redirect_uri',
      default: [],
      doc: 'Further addresses that sign-ins may return to.',
      example: [],
    }),
    post_logout_redirect_uris: list({
      can: ['create', 'update', 'read'],
      format: 'redirect_uri',
      default: [],
      doc: 'Where a browser may go after the application has signed its user out: https, or loopback; exact.',
      example: [],
    }),
    require_pkce: boolean({
      can: ['create', 'update', 'read'],
      default: true,
      doc: 'May be false for a confidential webapp whose client cannot do PKCE.',
      example: true,
    }),
    require_pushed_authorization_requests: boolean({
      can: ['create', 'update', 'read'],
      default: false,
      doc: 'Whether sign-ins begin only with requests that the application has pushed itself (RFC 9126).',
      example: false,
    }),
    client_id: string({ can: ['read', 'filter'], doc: 'Public name of the application.', example: 'xxxx-yyyy-zzzz' }),
    client_secret: string({
      can: ['read'],
      once: true,
      nullable: true,
      doc: 'Shown once, in the answer that made it; null ever after.',
      example: 'gh_sk_test_…',
    }),
    jwks: object({
      can: ['create', 'update', 'read'],
      nullable: true,
      doc: 'Public keys (a JWK set) that the application signs its assertions with: to prove itself without a secret (private_key_jwt), and to say for whom it acts (jwt-bearer).',
      example: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'k1' }] },
    }),
    scopes: string({
      can: ['create', 'update', 'read', 'filter'],
      default: 'market:all',
      max: 1000,
      doc: 'Scopes that its tokens may carry, separated by spaces.',
      example: 'market:all',
    }),
    expires_in: integer({
      can: ['create', 'update', 'read', 'filter'],
      nullable: true,
      min: 7200,
      max: 31_536_000,
      doc: 'Life of its access tokens in seconds; 14400 by default for sales channels, else 7200.',
      example: 7200,
    }),
    mode: oneOf(['test', 'live'], {
      can: ['create', 'read', 'filter', 'sort'],
      nullable: true,
      default: 'test',
      doc: 'Whether its tokens are for the test or the live data; fixed once made.',
      example: 'test',
    }),
    test_only: boolean({
      can: ['read'],
      doc: 'Whether it was made from a seat for the test mode only: then it gives no seat more than `test_access`.',
      example: false,
    }),
    custom: boolean({
      can: ['create', 'read', 'filter'],
      nullable: true,
      doc: 'Whether it is a fork of a hosted application.',
    }),
    created_by: object({
      can: ['read'],
      nullable: true,
      doc: 'Who made it.',
      example: { type: 'users', id: 'gblowSyVeq' },
    }),
    last_used_at: datetime({ can: ['read'], nullable: true, doc: 'When it last got a token.' }),
    expires_at: datetime({
      can: ['create', 'update', 'read'],
      nullable: true,
      doc: 'When it stops getting tokens, if ever.',
    }),
    disabled_at: datetime({ can: ['read', 'filter'], nullable: true, doc: 'When it was switched off.' }),
  },
  relationships: {
    organization: toOne('organizations', {
      key: 'organization_id',
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'Whose application it is.',
    }),
    role: toOne('roles', {
      key: 'role_id',
      can: ['create', 'update', 'read', 'filter'],
      doc: 'What an integration may do; the other kinds have none.',
    }),
    secrets: toMany('api_credential_secrets', {
      key: 'api_credential_id',
      can: ['read'],
      doc: 'Its secrets: when each was made, was used and retires.',
    }),
  },
  verbs: { list: true, retrieve: true, create: issueCredential, update: updateCredential, delete: removeCredential },
  actions: {
    rotate_secret: {
      method: 'POST',
      needs: 'update',
      document: true,
      attributes: {
        overlap_seconds: integer({
          can: ['update'],
          min: 0,
          max: 2_592_000,
          doc: 'How long the present secrets still count; 604800 (seven days) by default. 0 ends them, and their tokens, now.',
        }),
      },
      run: rotateSecret,
      doc: 'Makes a new secret, shown in this answer only; client_id stays.',
    },
  },
  triggers: {
    _disable: { doc: 'Switches it off: its tokens are dead at once.', run: disableCredential },
    _enable: { doc: 'Switches it on again; old tokens stay dead.', run: enableCredential },
  },
})
