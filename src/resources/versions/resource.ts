import { datetime, defineResource, object, oneOf, string, toOne } from '../../jsonapi/define.js'

/** What changed, from what to what, by whom: written by the door with every change, read by those who may. */
export const versions = defineResource({
  type: 'versions',
  doc: 'The history of an organization: one record for every change of every resource.',
  table: 'versions',
  tenant: 'organization_id',
  versioned: false,
  historyBy: 'resource_type',
  countedBy: ['resource_type', 'event'],
  attributes: {
    resource_type: string({ can: ['read', 'filter'], doc: 'Type of the resource that changed.', example: 'roles' }),
    resource_id: string({ can: ['read', 'filter'], doc: 'Its id.', example: 'PzdJhdLdYV' }),
    event: oneOf(['create', 'update', 'destroy'], {
      can: ['read', 'filter'],
      doc: 'What happened to it.',
      example: 'update',
    }),
    changes: object({
      can: ['read'],
      doc: 'Every changed attribute with its value before and after; never a secret.',
      example: { name: ['Old name', 'New name'] },
    }),
    who: object({
      can: ['read'],
      nullable: true,
      doc: 'The application that made the change, and the user it acted for.',
      example: { application: { id: 'DNOPYiZYpn', kind: 'user', public: false }, user: { id: 'gblowSyVeq' } },
    }),
    request_id: string({
      can: ['read', 'filter'],
      nullable: true,
      doc: 'The X-Request-Id of the request that did it.',
    }),
    created_at: datetime({
      can: ['read', 'filter', 'sort'],
      doc: 'When it happened.',
      example: '2026-01-02T03:04:05.678Z',
    }),
    updated_at: datetime({
      can: ['read', 'filter', 'sort'],
      from: 'created_at',
      doc: 'The same: a version never changes.',
      example: '2026-01-02T03:04:05.678Z',
    }),
    reference: string({ can: ['read'], constant: null, nullable: true, doc: 'Always null.' }),
    reference_origin: string({ can: ['read'], constant: null, nullable: true, doc: 'Always null.' }),
    metadata: object({ can: ['read'], constant: {}, doc: 'Always empty.' }),
  },
  relationships: {
    organization: toOne('organizations', {
      key: 'organization_id',
      can: ['read', 'filter'],
      doc: 'Where it happened.',
    }),
  },
  verbs: { list: true, retrieve: true },
})
