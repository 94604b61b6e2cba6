import { GRANTS } from './grants/index.js'

const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post', 'none']

/** Where the metadata document stands: the issuer's path goes *after* the well-known part. Source: RFC 8414 §3. */
export function metadataPaths(issuer: string): string[] {
  const base = '/.well-known/oauth-authorization-server'
  const path = new URL(issuer).pathname.replace(/\/$/, '')
  return path === '' ? [base] : [base, `${base}${path}`]
}

/** What this server can do, and nothing that it cannot. Without an authorization endpoint there is no response type,
 *  and members without an element are left out. Source: RFC 8414 §2, §3.2 */
export const metadata = (issuer: string) => ({
  issuer,
  token_endpoint: `${issuer}/oauth/token`,
  revocation_endpoint: `${issuer}/oauth/revoke`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  grant_types_supported: GRANTS.map((grant) => grant.grantType),
  scopes_supported: ['market:all', 'provisioning-api', 'metrics-api'],
  token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
  revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
})
