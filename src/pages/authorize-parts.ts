import type { Config } from '../config.js'
import type { Secrets } from '../crypto/secrets.js'
import type { Database } from '../db/connect.js'
import type { Limits } from '../limits/limits.js'
import type { AuthorizationRequest } from '../oauth/authorize/request.js'
import type { Clients } from '../oauth/clients.js'
import type { KeyRing } from '../tokens/keys.js'
import type { Visits } from './visit.js'

/** What the pages are built from on which people let applications act for them. */
export interface AuthorizeParts {
  readonly visits: Visits
  readonly db: Pick<Database, 'knex'>
  readonly config: Config
  readonly secrets: Secrets
  readonly clients: Clients
  readonly limits: Limits
  readonly keys: Pick<KeyRing, 'find'>
  /** Resource types that a scope may name. */
  readonly registry: { readonly resources: ReadonlyMap<string, unknown> }
}

/** The subjects of scopes. */
export const subjectsOf = ({ registry }: AuthorizeParts): ReadonlySet<string> => new Set(registry.resources.keys())

/** An application's origin, as a page's policy names it: browsers check the way of a form to its end. A policy cannot name
 *  an IPv6 address, so that this machine by that name is any http address.  Source: CSP3 "form-action" */
export function policyOrigin({ redirectUri }: Pick<AuthorizationRequest, 'redirectUri'>): string {
  const { origin, hostname, protocol } = new URL(redirectUri)
  return hostname.startsWith('[') ? protocol : origin
}
