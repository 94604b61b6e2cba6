import { boolean, common, datetime, defineResource, oneOf, string, toMany, toOne } from '../../jsonapi/define.js'
import { createMember } from './create.js'
import { removeMember } from './remove.js'
import { resendInvitation } from './resend.js'
import { revokeInvitation } from './revoke-invitation.js'
import { updateMember } from './update.js'

/** One user's seat in one organization: a role, and the applications that it opens. */
export const memberships = defineResource({
  type: 'memberships',
  doc: "One user's seat in one organization. While pending it is an invitation.",
  table: 'memberships',
  tenant: 'organization_id',
  versioned: true,
  columns: ['user_id'],
  attributes: {
    ...common,
    user_email: string({
      can: ['create', 'read', 'filter'],
      required: true,
      format: 'email',
      lower: true,
      max: 254,
      doc: 'The person invited; one seat an address.',
      example: 'commercelayer+user@commercelayer.io',
    }),
    user_first_name: string({
      can: ['read'],
      nullable: true,
      doc: 'Known once the invitation is accepted.',
      example: 'John',
    }),
    user_last_name: string({
      can: ['read'],
      nullable: true,
      doc: 'Known once the invitation is accepted.',
      example: 'Doe',
    }),
    status: oneOf(['pending', 'active'], {
      can: ['read', 'filter', 'sort'],
      doc: 'Pending until accepted.',
      example: 'pending',
    }),
    owner: boolean({ can: ['read', 'filter'], doc: 'Whether this user owns the organization.', example: false }),
    access_scope: oneOf(['live_access', 'test_access', 'all_access'], {
      can: ['create', 'update', 'read', 'filter'],
      nullable: true,
      default: 'live_access',
      // Where the profile and the seat disagree, the profile wins (CONTRACT 3.3): a trigger keeps what is shown.
      from: 'shown_access_scope',
      doc: 'Which applications the seat opens. While it has a membership profile, that of the profile is shown and counts.',
      example: 'live_access',
    }),
    test_enabled: boolean({
      can: ['read'],
      from: "shown_access_scope <> 'live_access'",
      doc: 'Whether the seat opens test applications.',
      example: false,
    }),
    invitation_status: oneOf(['pending', 'accepted', 'expired', 'revoked'], {
      can: ['read', 'filter'],
      doc: 'What became of the invitation; `status` tells only whether the seat is active.',
      example: 'pending',
    }),
    invitation_expires_at: datetime({ can: ['read', 'filter'], nullable: true, doc: 'Until when it can be accepted.' }),
    accepted_at: datetime({ can: ['read'], nullable: true, doc: 'When it was accepted.' }),
    last_login_at: datetime({ can: ['read'], nullable: true, doc: 'Last sign-in of the user to this organization.' }),
    last_active_at: datetime({ can: ['read'], nullable: true, doc: 'Last call of the user in this organization.' }),
  },
  relationships: {
    organization: toOne('organizations', {
      key: 'organization_id',
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'Where the seat is.',
    }),
    role: toOne('roles', {
      key: 'role_id',
      can: ['create', 'update', 'read', 'filter'],
      required: true,
      doc: 'What the user may do there.',
    }),
    membership_profile: toOne('membership_profiles', {
      key: 'membership_profile_id',
      can: ['create', 'update', 'read', 'filter'],
      doc: 'A bundle of application memberships that seats share; it wins over what the seat holds itself.',
    }),
    application_memberships: toMany('application_memberships', {
      key: 'membership_id',
      can: ['create', 'update', 'read'],
      doc: 'What the seat itself may do through applications. An update replaces them all; what nothing else holds is deleted.',
    }),
    versions: toMany('versions', {
      key: 'resource_id',
      where: { resource_type: 'memberships' },
      can: ['read'],
      doc: 'Its history.',
    }),
  },
  verbs: { list: true, retrieve: true, create: createMember, update: updateMember, delete: removeMember },
  actions: {
    resend: {
      method: 'POST',
      needs: 'update',
      run: resendInvitation,
      doc: 'Sends the invitation of a pending seat again, also after it has expired: a new link, a new expiry.',
    },
  },
  triggers: {
    _revoke_invitation: { doc: 'Withdraws the invitation; its link is dead at once.', run: revokeInvitation },
  },
})
