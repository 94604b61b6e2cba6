import type { Guarded } from '../access/guarded.js'
import type { Deployment } from '../jsonapi/define.js'
import { createRegistry, type Registry } from '../jsonapi/registry.js'
import { apiCredentialSecrets } from './api-credential-secrets/resource.js'
import { apiCredentials } from './api-credentials/resource.js'
import { application } from './application/resource.js'
import { applicationMemberships } from './application-memberships/resource.js'
import { customers } from './customers/resource.js'
import { identityProviders } from './identity-providers/resource.js'
import { markets } from './markets/resource.js'
import { marketStockLocations } from './markets/stock-locations.js'
import { membershipProfiles } from './membership-profiles/resource.js'
import { memberships } from './memberships/resource.js'
import { merchants } from './merchants/resource.js'
import { organization } from './organization/resource.js'
import { organizations } from './organizations/resource.js'
import { permissions } from './permissions/resource.js'
import { roles } from './roles/resource.js'
import { stockLocations } from './stock-locations/resource.js'
import { stores } from './stores/resource.js'
import { user } from './user/resource.js'
import { versions } from './versions/resource.js'

/** Every JSON:API type. Adding a type adds one folder and one line here. */
export const definitions = [
  organizations,
  memberships,
  roles,
  permissions,
  apiCredentials,
  membershipProfiles,
  applicationMemberships,
  identityProviders,
  apiCredentialSecrets,
  merchants,
  stockLocations,
  markets,
  stores,
  customers,
  versions,
  user,
  organization,
  application,
] as const

/** Tables that operations reach through the door and that are no resource of their own. */
export const others: readonly Guarded[] = [marketStockLocations]

/** Compiles the list for a deployment. */
export const compileResources = (deployment: Deployment): Registry => createRegistry(definitions, others, deployment)
