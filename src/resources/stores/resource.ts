import { defineResource, toOne } from '../../jsonapi/define.js'
import { switches } from '../scope-targets/disable.js'
import { PUBLIC_FIELDS, targetFields, targetOrganization } from '../scope-targets/fields.js'

/** A point of sale in a market; scopes can name one. */
export const stores = defineResource({
  type: 'stores',
  doc: 'A point of sale in a market; a scope can name one.',
  table: 'stores',
  tenant: 'organization_id',
  versioned: true,
  attributes: targetFields,
  relationships: {
    organization: targetOrganization,
    market: toOne('markets', {
      key: 'market_id',
      can: ['create', 'update', 'read', 'filter'],
      required: true,
      doc: 'The market that it sells in.',
    }),
    merchant: toOne('merchants', {
      key: 'merchant_id',
      can: ['create', 'update', 'read', 'filter'],
      doc: 'Who sells there.',
    }),
    stock_location: toOne('stock_locations', {
      key: 'stock_location_id',
      can: ['create', 'update', 'read', 'filter'],
      doc: 'Where its stock lies.',
    }),
  },
  publicFields: [...PUBLIC_FIELDS, 'market', 'merchant', 'stock_location'],
  verbs: { list: true, retrieve: true, create: true, update: true, delete: true },
  triggers: switches('stores'),
})
