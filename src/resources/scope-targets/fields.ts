import { common, datetime, string, toOne } from '../../jsonapi/define.js'

/** What merchants, markets, stock locations and stores have in common. */
export const targetFields = {
  ...common,
  name: string({
    can: ['create', 'update', 'read', 'filter', 'sort'],
    required: true,
    doc: 'Name.',
    example: 'United States',
  }),
  code: string({
    can: ['create', 'update', 'read', 'filter', 'sort'],
    nullable: true,
    format: 'code',
    max: 128,
    doc: 'Your own word for it, by which scopes can name it; one of its kind in the organization.',
  }),
  disabled_at: datetime({
    can: ['read', 'filter', 'sort'],
    nullable: true,
    doc: 'When it was switched off: no new token can name it, and storefronts do not see it.',
  }),
} as const

/** The organization of any of them. */
export const targetOrganization = toOne('organizations', {
  key: 'organization_id',
  can: ['create', 'read', 'filter'],
  required: true,
  doc: 'Where it belongs.',
})

/** Fields that a sales channel sees of any of them; keys, references and metadata are the organization's own. */
export const PUBLIC_FIELDS = ['name', 'code', 'created_at', 'updated_at'] as const
