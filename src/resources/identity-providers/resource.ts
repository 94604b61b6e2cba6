import { type Issue, violation } from '../../errors.js'
import { common, datetime, defineResource, oneOf, string, toOne } from '../../jsonapi/define.js'
import { switches } from '../scope-targets/disable.js'
import { createProvider } from './create.js'
import { domainIssues } from './domains.js'
import { updateProvider } from './update.js'

const ADDRESSES = ['issuer', 'token_url', 'authorize_url', 'jwks_url'] as const

const address = <const D extends string>(doc: D) =>
  string({
    can: ['create', 'update', 'read'],
    required: true,
    format: 'url',
    max: 2000,
    doc,
    example: 'https://idp.example.com',
  })

/** Secrets and keys travel there: no plain http, but on this machine. */
function needsTls(draft: Readonly<Record<string, unknown>>): Issue[] {
  const plain = ADDRESSES.filter((name) => {
    const value = draft[name]
    return typeof value === 'string' && !/^(https:|http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/])/i.test(`${value}/`)
  })
  return plain.map((name) => violation({ name, title: 'must begin with https://', error: 'invalid' }))
}

/** An OpenID provider through which people of some domains sign in. */
export const identityProviders = defineResource({
  type: 'identity_providers',
  doc: 'An OpenID provider through which people with an address in its domains sign in. Written by the owner only.',
  table: 'identity_providers',
  tenant: 'organization_id',
  versioned: true,
  attributes: {
    ...common,
    name: string({
      can: ['create', 'update', 'read', 'filter', 'sort'],
      required: true,
      doc: 'Name; no two have the same, whosever they are.',
      example: 'Okta',
    }),
    client_id: string({
      can: ['create', 'update', 'read'],
      required: true,
      doc: 'Client id that the provider knows us by.',
      example: 'xxxx-yyyy-zzzz',
    }),
    client_secret: string({
      can: ['create', 'update'],
      required: true,
      writeOnly: true,
      max: 2000,
      doc: 'Its secret. Kept encrypted, never shown.',
      example: 'xxxx-yyyy-zzzz',
    }),
    issuer: address('Issuer, as it stands in ID tokens.'),
    token_url: address('Token endpoint.'),
    authorize_url: address('Authorization endpoint.'),
    jwks_url: address('Keys that ID tokens are signed with.'),
    domains: string({
      can: ['create', 'update', 'read'],
      required: true,
      max: 4000,
      doc: 'Domains of the people who sign in with it, separated by commas. Other domains must be proven anew.',
      example: 'example.com,example.org',
    }),
    organization: string({
      can: ['create', 'update', 'read'],
      nullable: true,
      doc: 'The parameter "organization" of the provider’s authorize address, for providers that want one.',
      example: 'org_12345',
    }),
    status: oneOf(['pending', 'verified', 'error'], {
      can: ['read', 'filter', 'sort'],
      doc: 'verified: the TXT record stands in every domain; error: a domain does not exist or does not answer.',
      example: 'pending',
    }),
    txt_record: string({
      can: ['read'],
      doc: 'What must stand as a TXT record in each of the domains.',
      example: 'cl-verification=0123456789abcdef',
    }),
    checked_at: datetime({ can: ['read'], nullable: true, doc: 'When the domains were last looked at.' }),
    disabled_at: datetime({ can: ['read', 'filter', 'sort'], nullable: true, doc: 'When it was switched off.' }),
  },
  relationships: {
    user: toOne('user', { key: 'user_id', can: ['read'], doc: 'Who made it; shown to that person only.' }),
    owner_organization: toOne('organizations', {
      key: 'organization_id',
      can: ['create', 'read', 'filter'],
      doc: 'Whose it is. May be left out by whoever owns one organization.',
    }),
  },
  rules: [domainIssues, needsTls],
  verbs: { list: true, retrieve: true, create: createProvider, update: updateProvider, delete: true },
  triggers: switches('identity_providers', {
    disable: 'Switches it off: nobody is signed in by it.',
    enable: 'Switches it on again.',
  }),
})
