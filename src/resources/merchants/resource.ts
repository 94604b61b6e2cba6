import { defineResource } from '../../jsonapi/define.js'
import { switches } from '../scope-targets/disable.js'
import { targetFields, targetOrganization } from '../scope-targets/fields.js'

/** Who sells: markets and stores name one. */
export const merchants = defineResource({
  type: 'merchants',
  doc: 'Who sells: markets and stores name one.',
  table: 'merchants',
  tenant: 'organization_id',
  versioned: true,
  attributes: targetFields,
  relationships: { organization: targetOrganization },
  verbs: { list: true, retrieve: true, create: true, update: true, delete: true },
  triggers: switches('merchants'),
})
