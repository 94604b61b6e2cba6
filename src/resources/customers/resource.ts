import { boolean, common, datetime, defineResource, oneOf, string, toOne } from '../../jsonapi/define.js'
import { switches } from '../scope-targets/disable.js'
import { createCustomer } from './create.js'
import { updateCustomer } from './update.js'

/** A shopper of one organization. */
export const customers = defineResource({
  type: 'customers',
  doc: 'A shopper of one organization: signs in to its sales channels, and nowhere else.',
  table: 'customers',
  tenant: 'organization_id',
  versioned: true,
  attributes: {
    ...common,
    email: string({
      can: ['create', 'update', 'read', 'filter', 'sort'],
      required: true,
      format: 'email',
      lower: true,
      max: 254,
      doc: 'Address to sign in with; one shopper an address in the organization.',
      example: 'john@example.com',
    }),
    password: string({
      can: ['create', 'update'],
      writeOnly: true,
      nullable: true,
      min: 8,
      max: 1024,
      doc: 'Never shown. null takes it away: then the shopper cannot sign in.',
    }),
    can_sign_in: boolean({ can: ['read', 'filter'], doc: 'Whether there is a password.', example: true }),
    status: oneOf(['prospect', 'active', 'disabled'], {
      can: ['read', 'filter'],
      from: "case when disabled_at is not null then 'disabled' when can_sign_in then 'active' else 'prospect' end",
      doc: 'prospect: no password yet; active: can sign in; disabled: switched off.',
      example: 'active',
    }),
    disabled_at: datetime({ can: ['read', 'filter'], nullable: true, doc: 'When it was switched off.' }),
  },
  relationships: {
    organization: toOne('organizations', {
      key: 'organization_id',
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'Whose shopper it is.',
    }),
  },
  verbs: { list: true, retrieve: true, create: createCustomer, update: updateCustomer, delete: true },
  triggers: {
    ...switches('customers', {
      disable: 'Switches it off: its tokens are dead at once, and it cannot sign in.',
      enable: 'Switches it on again; old tokens stay dead.',
    }),
  },
})
