import { boolean, defineResource, string, toMany, toOne } from '../../jsonapi/define.js'
import { switches } from '../scope-targets/disable.js'
import { PUBLIC_FIELDS, targetFields, targetOrganization } from '../scope-targets/fields.js'
import { createMarket } from './create.js'
import { updateMarket } from './update.js'

/** Where is sold; scopes can name one, and then tokens carry a claim about it. */
export const markets = defineResource({
  type: 'markets',
  doc: 'Where is sold; a scope can name one, and then the token says what is known of it.',
  table: 'markets',
  tenant: 'organization_id',
  versioned: true,
  attributes: {
    ...targetFields,
    geocoder_id: string({
      can: ['create', 'update', 'read', 'filter'],
      nullable: true,
      max: 64,
      doc: 'Id of the geocoder that the commerce APIs use for it; carried in tokens.',
    }),
    allows_external_prices: boolean({
      can: ['create', 'update', 'read', 'filter'],
      default: false,
      doc: 'Whether prices may come from outside; carried in tokens.',
      example: false,
    }),
  },
  relationships: {
    organization: targetOrganization,
    merchant: toOne('merchants', {
      key: 'merchant_id',
      can: ['create', 'update', 'read', 'filter'],
      doc: 'Who sells there.',
    }),
    stock_locations: toMany('stock_locations', {
      key: 'id',
      through: { subject: 'market_stock_locations', near: 'market_id', far: 'stock_location_id' },
      can: ['create', 'update', 'read'],
      doc: 'Where its stock lies: ten at most. An update replaces them all.',
    }),
    stores: toMany('stores', { key: 'market_id', can: ['read'], doc: 'Its points of sale.' }),
  },
  publicFields: [...PUBLIC_FIELDS, 'geocoder_id', 'allows_external_prices', 'merchant'],
  verbs: { list: true, retrieve: true, create: createMarket, update: updateMarket, delete: true },
  triggers: switches('markets'),
})
