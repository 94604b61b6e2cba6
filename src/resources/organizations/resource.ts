import { boolean, common, defineResource, integer, object, string, toMany } from '../../jsonapi/define.js'
import { configIssues } from './check-config.js'
import { createOrganization } from './create.js'
import { removeOrganization } from './remove.js'
import { restoreOrganization } from './restore.js'
import { platformSettings } from './settings.js'
import { transferOwnership } from './transfer-ownership.js'
import { updateOrganization } from './update.js'

const text = <const D extends string>(doc: D) => string({ can: ['create', 'update', 'read'], nullable: true, doc })

const totalOf = (table: string): string => `'${table}', coalesce(sum(rows) filter (where table_name = '${table}'), 0)`

// Read off the counters that the database keeps, not counted. There are no SKUs here, and an organization is one.
const SUBSCRIPTION_INFO = `jsonb_build_object('plan_type', 'self_hosted',
  'limits', '{"markets": null, "skus": null, "organizations": null, "memberships": null}'::jsonb,
  'totals', (select jsonb_build_object(${totalOf('markets')}, 'skus', 0, 'organizations', 1, ${totalOf('memberships')})
    from row_counts where row_counts.organization_id = organizations.id))`

/** The tenant: people have seats in it, applications act in it. */
export const organizations = defineResource({
  type: 'organizations',
  doc: 'An organization: people have seats in it, applications act in it, nothing crosses its border.',
  table: 'organizations',
  tenant: 'id',
  versioned: true,
  columns: ['deleted_at'],
  attributes: {
    ...common,
    name: string({
      can: ['create', 'update', 'read', 'filter', 'sort'],
      required: true,
      doc: 'Name.',
      example: 'The Blue Brand',
    }),
    slug: string({
      can: ['update', 'read', 'filter', 'sort'],
      format: 'slug',
      doc: 'DNS label, made from the name. An admin may change it; no slug is ever given to another organization.',
      example: 'the-blue-brand',
    }),
    domain: string({
      can: ['read', 'filter', 'sort'],
      from: ({ domain }) => `slug || '.${domain}'`,
      doc: 'Host of the organization.',
      example: 'the-blue-brand.commercelayer.io',
    }),
    support_phone: text('Phone number for customers.'),
    support_email: string({
      can: ['create', 'update', 'read'],
      nullable: true,
      format: 'email',
      doc: 'Address for customers.',
    }),
    logo_url: string({ can: ['create', 'update', 'read'], nullable: true, format: 'url', max: 2000, doc: 'Logo.' }),
    favicon_url: string({
      can: ['create', 'update', 'read'],
      nullable: true,
      format: 'url',
      max: 2000,
      doc: 'Icon of the browser tab.',
    }),
    primary_color: string({
      can: ['create', 'update', 'read'],
      nullable: true,
      format: 'color',
      doc: 'Main colour of the hosted applications: # and six hex digits.',
      example: '#C8984E',
    }),
    contrast_color: string({
      can: ['create', 'update', 'read', 'filter'],
      nullable: true,
      format: 'color',
      doc: 'Colour on top of the main one: # and six hex digits.',
      example: '#FFFFCC',
    }),
    gtm_id: text('Tag manager container of the live mode.'),
    gtm_id_test: text('Tag manager container of the test mode.'),
    region: string({
      can: ['create', 'read', 'filter'],
      nullable: true,
      default: 'eu-west-1',
      format: 'region',
      doc: 'Where its data lives; fixed once made.',
      example: 'eu-west-1',
    }),
    invitation_expires_in: integer({
      can: ['create', 'update', 'read'],
      min: 3600,
      max: 2_592_000,
      doc: 'How long invitations can be accepted, in seconds: an hour to thirty days; seven days by default.',
      example: 604_800,
    }),
    session_max_seconds: integer({
      can: ['create', 'update', 'read'],
      nullable: true,
      min: 300,
      max: 31_536_000,
      doc: 'How long after it a sign-in is good for entering an application of this organization, in seconds; null: as long as the installation says.',
      example: 28_800,
    }),
    session_idle_seconds: integer({
      can: ['create', 'update', 'read'],
      nullable: true,
      min: 300,
      max: 31_536_000,
      doc: 'The same for a browser that was not used for so long, in seconds.',
      example: 3600,
    }),
    config: object({ can: ['create', 'update', 'read'], nullable: true, doc: 'Settings of the hosted applications.' }),
    can_switch_live: boolean({ can: ['read'], doc: 'Whether it may go live.', example: true }),
    subscription_info: object({
      can: ['read'],
      from: () => SUBSCRIPTION_INFO,
      doc: 'No feature and no number is limited by a plan; `totals` says how much there is.',
    }),
    ...platformSettings,
  },
  relationships: {
    memberships: toMany('memberships', { key: 'organization_id', can: ['read'], doc: 'Its seats.' }),
    roles: toMany('roles', { key: 'organization_id', can: ['read'], doc: 'Its roles.' }),
    permissions: toMany('permissions', { key: 'organization_id', can: ['read'], doc: 'The permissions of its roles.' }),
    api_credentials: toMany('api_credentials', { key: 'organization_id', can: ['read'], doc: 'Its applications.' }),
  },
  rules: [configIssues],
  verbs: {
    list: true,
    retrieve: true,
    create: createOrganization,
    update: updateOrganization,
    delete: removeOrganization,
  },
  actions: {
    transfer_ownership: {
      method: 'PATCH',
      needs: 'own',
      attributes: {
        new_owner_email: string({
          can: ['update'],
          required: true,
          format: 'email',
          doc: 'Address of an active member.',
        }),
      },
      run: transferOwnership,
      doc: 'Makes another member the owner, and an admin.',
    },
    restore: {
      method: 'POST',
      needs: 'own',
      unseen: true,
      run: restoreOrganization,
      doc: 'Brings back an organization within thirty days of its deletion. For its owner only.',
    },
  },
})
