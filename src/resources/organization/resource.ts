import { datetime, defineResource, object, string } from '../../jsonapi/define.js'

/** The public face of the token's organization, for every token that has one (DECISIONS 2). */
export const organization = defineResource({
  type: 'organizations',
  name: 'organization',
  doc: "The public face of the token's organization.",
  table: 'organizations',
  tenant: 'id',
  versioned: false,
  singleton: (ctx) => ctx.principal.organizationId,
  attributes: {
    name: string({ can: ['read'], doc: 'Name.', example: 'The Blue Brand' }),
    slug: string({ can: ['read'], doc: 'DNS label of the organization.', example: 'the-blue-brand' }),
    domain: string({ can: ['read'], from: ({ domain }) => `slug || '.${domain}'`, doc: 'Host of the organization.' }),
    support_phone: string({ can: ['read'], nullable: true, doc: 'Phone number for customers.' }),
    support_email: string({ can: ['read'], nullable: true, doc: 'Address for customers.' }),
    logo_url: string({ can: ['read'], nullable: true, doc: 'Logo.' }),
    favicon_url: string({ can: ['read'], nullable: true, doc: 'Icon of the browser tab.' }),
    primary_color: string({ can: ['read'], nullable: true, doc: 'Main colour.' }),
    contrast_color: string({ can: ['read'], nullable: true, doc: 'Colour on top of the main one.' }),
    gtm_id: string({ can: ['read'], nullable: true, doc: 'Tag manager container of the live mode.' }),
    gtm_id_test: string({ can: ['read'], nullable: true, doc: 'Tag manager container of the test mode.' }),
    config: object({ can: ['read'], nullable: true, doc: 'Settings of the hosted applications.' }),
    created_at: datetime({ can: ['read'], doc: 'When it was made.' }),
    updated_at: datetime({ can: ['read'], doc: 'When it was last changed.' }),
  },
  relationships: {},
  verbs: { retrieve: true },
})
