import type { StoredClient } from './client-store.js'

/** The `client_id` of the built-in client: the console and the command line. */
export const DASHBOARD_CLIENT_ID = 'gatehouse-dashboard'

/** Where a program on somebody's own machine listens; its port is free. */
const LOOPBACK = ['http://127.0.0.1/callback', 'http://localhost/callback', 'http://[::1]/callback']

/** The one client that belongs to no organization: its user chooses one, or it acts in all of the user's.
 *  @param redirectUris of the console, beside loopback. Source: DECISIONS 3, kind `dashboard` */
export const dashboardClient = (redirectUris: readonly string[]): StoredClient => ({
  id: 'ownconsole',
  clientId: DASHBOARD_CLIENT_ID,
  kind: 'dashboard',
  name: 'Gatehouse',
  confidential: false,
  redirectUri: null,
  redirectUris: [...LOOPBACK, ...redirectUris],
  postLogoutRedirectUris: [...redirectUris],
  requirePkce: true,
  requirePushedRequests: false,
  jwks: null,
  scopes: 'market:all',
  lifetimeSeconds: 7200,
  mode: 'live',
  expiresAt: null,
  organizationId: null,
  slug: null,
  region: null,
  userId: null,
  secrets: [],
})
