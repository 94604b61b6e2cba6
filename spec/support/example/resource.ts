import { common, defineResource, string, toOne } from '../../../src/jsonapi/define.js'

/** A coloured word that an organization puts on things. */
export const labels = defineResource({
  type: 'labels',
  doc: 'A coloured word that an organization puts on things.',
  table: 'labels',
  tenant: 'organization_id',
  versioned: true,
  attributes: {
    ...common,
    name: string({ can: ['create', 'update', 'read', 'filter', 'sort'], required: true, doc: 'The word.' }),
    color: string({ can: ['create', 'update', 'read'], nullable: true, format: 'color', doc: 'Its colour.' }),
  },
  relationships: {
    organization: toOne('organizations', {
      key: 'organization_id',
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'Whose word it is.',
    }),
    role: toOne('roles', { key: 'role_id', can: ['create', 'update', 'read', 'filter'], doc: 'Who looks after it.' }),
  },
  verbs: { list: true, retrieve: true, create: true, update: true, delete: true },
})
