import type { Guarded } from '../access/guarded.js'
import type { Deployment } from '../jsonapi/define.js'
import { createRegistry, type Registry } from '../jsonapi/registry.js'
import { apiCredentials } from './api-credentials/resource.js'
import { secrets } from './api-credentials/secrets.js'
import { application } from './application/resource.js'
import { memberships } from './memberships/resource.js'
import { organization } from './organization/resource.js'
import { organizations } from './organizations/resource.js'
import { permissions } from './permissions/resource.js'
import { roles } from './roles/resource.js'
import { user } from './user/resource.js'
import { versions } from './versions/resource.js'

/** Every JSON:API type. Adding a type adds one folder and one line here. */
export const definitions = [
  organizations,
  memberships,
  roles,
  permissions,
  apiCredentials,
  versions,
  user,
  organization,
  application,
] as const

/** Tables that operations reach through the door and that are no resource of their own. */
export const others: readonly Guarded[] = [secrets]

/** Compiles the list for a deployment. */
export const compileResources = (deployment: Deployment): Registry => createRegistry(definitions, others, deployment)
