import { boolean, common, defineResource, oneOf, string, toMany, toOne } from '../../jsonapi/define.js'
import { createProfile } from './create.js'
import { removeProfile } from './remove.js'
import { updateProfile } from './update.js'

/** A named bundle of application memberships that seats share. */
export const membershipProfiles = defineResource({
  type: 'membership_profiles',
  doc: 'A named bundle of application memberships that seats share. Where it and the seat disagree, it wins.',
  table: 'membership_profiles',
  tenant: 'organization_id',
  versioned: true,
  attributes: {
    ...common,
    name: string({
      can: ['create', 'update', 'read', 'filter', 'sort'],
      required: true,
      doc: 'Name.',
      example: 'Customer service',
    }),
    access_scope: oneOf(['live_access', 'test_access', 'all_access'], {
      can: ['create', 'update', 'read', 'filter'],
      required: true,
      doc: 'Which applications it opens, whatever the seats themselves say.',
      example: 'live_access',
    }),
    test_enabled: boolean({
      can: ['read'],
      from: "access_scope <> 'live_access'",
      doc: 'Whether it opens test applications.',
      example: false,
    }),
  },
  relationships: {
    organization: toOne('organizations', {
      key: 'organization_id',
      can: ['create', 'read', 'filter'],
      required: true,
      doc: 'Where it holds.',
    }),
    application_memberships: toMany('application_memberships', {
      key: 'membership_profile_id',
      can: ['create', 'update', 'read'],
      doc: 'What it bundles. An update replaces them all; one that nothing else holds is deleted.',
    }),
    memberships: toMany('memberships', { key: 'membership_profile_id', can: ['read'], doc: 'The seats that have it.' }),
  },
  verbs: { list: true, retrieve: true, create: createProfile, update: updateProfile, delete: removeProfile },
})
