import { common, defineResource, oneOf, string, toMany, toOne } from '../../jsonapi/define.js'
import { addMissingBasePermissions } from './add-missing-base-permissions.js'
import { createRole } from './create.js'
import { removeRole } from './remove.js'
import { updateRole } from './update.js'

/** A named set of rights in one organization. */
export const roles = defineResource({
  type: 'roles',
  doc: 'A named set of rights in one organization, given to memberships and integrations.',
  table: 'roles',
  tenant: 'organization_id',
  versioned: true,
  attributes: {
    ...common,
    name: string({
      can: ['create', 'update', 'read', 'filter'],
      required: true,
      doc: 'Name.',
      example: 'Custom role',
    }),
    kind: oneOf(['custom', 'admin', 'read_only'], {
      can: ['read', 'filter'],
      doc: 'admin: everything but what is the owner’s; read_only: read everything; custom: what its permissions say.',
      example: 'custom',
    }),
  },
  relationships: {
    organization: toOne('organizations', {
      key: 'organization_id',
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'Where the role exists.',
    }),
    permissions: toMany('permissions', { key: 'role_id', can: ['read'], doc: 'What a custom role gives.' }),
    memberships: toMany('memberships', { key: 'role_id', can: ['read'], doc: 'Who has it.' }),
    api_credentials: toMany('api_credentials', { key: 'role_id', can: ['read'], doc: 'Which integrations have it.' }),
    versions: toMany('versions', {
      key: 'resource_id',
      where: { resource_type: 'roles' },
      can: ['read'],
      doc: 'Its history.',
    }),
  },
  verbs: { list: true, retrieve: true, create: createRole, update: updateRole, delete: removeRole },
  triggers: {
    _add_missing_base_permissions: {
      doc: 'Adds the permissions that the base set has gained since the role was made.',
      run: addMissingBasePermissions,
    },
  },
})
