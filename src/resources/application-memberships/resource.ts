import { atRelationship, type Issue, violation } from '../../errors.js'
import { common, defineResource, object, toOne } from '../../jsonapi/define.js'
import { openApplication } from './create.js'
import { filterIssues } from './filters.js'
import { closeApplication } from './remove.js'
import { changeOpening } from './update.js'

type Draft = Readonly<Record<string, unknown>>

function needsHolder(draft: Draft, row: Draft | undefined): Issue | undefined {
  const membership = draft.membership ?? row?.membership_id ?? null
  const profile =
    draft.membership_profile === undefined ? (row?.membership_profile_id ?? null) : draft.membership_profile
  if (membership !== null || profile !== null) return undefined
  const title = "can't be blank without a membership profile"
  return violation({ name: 'membership', title, error: 'blank', source: atRelationship('membership') })
}

/** What a seat, or every seat with a profile, may do through one application. */
export const applicationMemberships = defineResource({
  type: 'application_memberships',
  doc: 'What a seat, or every seat with a profile, may do through one application: never more than the seat itself may.',
  table: 'application_memberships',
  tenant: 'organization_id',
  versioned: true,
  attributes: {
    ...common,
    filters: object({
      can: ['create', 'update', 'read'],
      nullable: true,
      doc: 'Restricts it to markets, stock locations, stores or merchants: lists of ids.',
      example: { market_id_in: [] },
    }),
  },
  relationships: {
    organization: toOne('organizations', {
      key: 'organization_id',
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'Where it holds.',
    }),
    api_credential: toOne('api_credentials', {
      key: 'api_credential_id',
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'The application; fixed once made.',
    }),
    role: toOne('roles', {
      key: 'role_id',
      can: ['create', 'update', 'read', 'filter'],
      required: true,
      doc: 'What may be done through the application, within what the role of the seat allows.',
    }),
    membership: toOne('memberships', {
      key: 'membership_id',
      can: ['create', 'read', 'filter'],
      doc: 'The seat; fixed once made. Needed without a profile.',
    }),
    membership_profile: toOne('membership_profiles', {
      key: 'membership_profile_id',
      can: ['create', 'update', 'read', 'filter'],
      doc: 'The profile, for all seats that have it; it wins over what a seat holds itself.',
    }),
  },
  rules: [needsHolder, ({ filters }) => filterIssues(filters)],
  verbs: { list: true, retrieve: true, create: openApplication, update: changeOpening, delete: closeApplication },
})
