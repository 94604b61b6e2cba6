import { boolean, datetime, defineResource, string } from '../../jsonapi/define.js'

/** The public face of the application that a token was minted for (DECISIONS 2). */
export const application = defineResource({
  type: 'applications',
  name: 'application',
  doc: 'The public face of the application that the token was minted for.',
  table: 'api_credentials',
  tenant: 'organization_id',
  versioned: false,
  singleton: (ctx) => (ctx.principal.organizationId === undefined ? undefined : ctx.principal.applicationId),
  attributes: {
    name: string({ can: ['read'], doc: 'Name.', example: 'My storefront' }),
    kind: string({ can: ['read'], doc: 'Kind of application.', example: 'sales_channel' }),
    public_access: boolean({
      can: ['read'],
      from: 'not confidential',
      doc: 'Whether the client id alone gets a token.',
    }),
    redirect_uri: string({ can: ['read'], nullable: true, doc: 'Where sign-ins return to.' }),
    scopes: string({ can: ['read'], doc: 'Scopes that its tokens may carry.', example: 'market:all' }),
    mode: string({ can: ['read'], doc: 'test or live.', example: 'test' }),
    created_at: datetime({ can: ['read'], doc: 'When it was made.' }),
    updated_at: datetime({ can: ['read'], doc: 'When it was last changed.' }),
  },
  relationships: {},
  verbs: { retrieve: true },
})
