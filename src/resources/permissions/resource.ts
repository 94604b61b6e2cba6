import { boolean, common, defineResource, object, string, toMany, toOne } from '../../jsonapi/define.js'
import { createPermission } from './create.js'
import { removePermission } from './remove.js'
import { updatePermission } from './update.js'

const flag = <const W extends string>(what: W) =>
  boolean({
    can: ['create', 'update', 'read', 'filter'],
    required: true,
    doc: `Whether the role may ${what} the subject.`,
    example: false,
  })

/** One subject of one custom role. */
export const permissions = defineResource({
  type: 'permissions',
  doc: 'What a custom role may do to one subject.',
  table: 'permissions',
  tenant: 'organization_id',
  versioned: true,
  attributes: {
    ...common,
    can_create: flag('create'),
    can_read: flag('read'),
    can_update: flag('update'),
    can_destroy: flag('delete'),
    subject: string({
      can: ['create', 'read', 'filter'],
      required: true,
      format: 'subject',
      doc: 'A resource type in the plural: one of this API, or any of the APIs behind it, whose names are not looked up.',
      example: 'orders',
    }),
    restrictions: object({ can: ['read', 'filter'], doc: 'Allowed values by attribute.', example: {} }),
  },
  relationships: {
    organization: toOne('organizations', { key: 'organization_id', can: ['read', 'filter'], doc: 'That of the role.' }),
    role: toOne('roles', {
      key: 'role_id',
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'The custom role.',
    }),
    versions: toMany('versions', {
      key: 'resource_id',
      where: { resource_type: 'permissions' },
      can: ['read'],
      doc: 'Its history.',
    }),
  },
  verbs: { list: true, retrieve: true, create: createPermission, update: updatePermission, delete: removePermission },
})
