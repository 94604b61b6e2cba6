import { defineResource } from '../../jsonapi/define.js'
import { switches } from '../scope-targets/disable.js'
import { PUBLIC_FIELDS, targetFields, targetOrganization } from '../scope-targets/fields.js'

/** Where stock lies; scopes can name one together with its market. */
export const stockLocations = defineResource({
  type: 'stock_locations',
  doc: 'Where stock lies; a scope can name one together with its market.',
  table: 'stock_locations',
  tenant: 'organization_id',
  versioned: true,
  attributes: targetFields,
  relationships: { organization: targetOrganization },
  publicFields: PUBLIC_FIELDS,
  verbs: { list: true, retrieve: true, create: true, update: true, delete: true },
  triggers: switches('stock_locations'),
})
