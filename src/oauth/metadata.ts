import type { Config } from '../config.js'
import { CLIENT_ALGORITHMS } from '../tokens/client-keys.js'
import { GRANTS } from './grants/index.js'
import { CLAIMS_BY_SCOPE } from './id-token.js'

/** Ways in which a client proves itself; a public one needs none. */
const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']
/** Introspection is not for public clients. */
const PROVEN = CLIENT_AUTHENTICATION.filter((way) => way !== 'none')
/** Claims of every id_token, beside those that a scope item asks for. */
const CLAIMS = ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'amr', 'sid', 'at_hash']

const OAUTH = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'

/** Where the metadata stand. The issuer's path goes *after* the well-known part (RFC 8414 §3); OpenID Connect Discovery
 *  §4 has it before, and some clients look for its document in the other's place. */
export function metadataPaths(issuer: string): string[] {
  const path = new URL(issuer).pathname.replace(/\/$/, '')
  return path === '' ? [OAUTH, OPENID] : [OAUTH, `${OAUTH}${path}`, OPENID, `${OPENID}${path}`, `${path}${OPENID}`]
}

type Addresses = Pick<Config, 'issuer' | 'pagesUrl'>

const endpoints = ({ issuer, pagesUrl }: Addresses) => ({
  authorization_endpoint: `${pagesUrl}/oauth/authorize`,
  token_endpoint: `${issuer}/oauth/token`,
  revocation_endpoint: `${issuer}/oauth/revoke`,
  introspection_endpoint: `${issuer}/oauth/introspect`,
  pushed_authorization_request_endpoint: `${issuer}/oauth/par`,
  device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
  userinfo_endpoint: `${issuer}/oauth/userinfo`,
  end_session_endpoint: `${pagesUrl}/oauth/end_session`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
})

/** What this server can do, and nothing that it cannot; the same for OAuth and OpenID Connect. Members without an element
 *  are left out; what is not said has its default (no request objects by value, say).
 *  Source: RFC 8414 §2, §3.2; OpenID Connect Discovery §3; RFC 9126 §5; RFC 8628 §4; RFC 9207 §3 */
export const metadata = (addresses: Addresses) => ({
  issuer: addresses.issuer,
  ...endpoints(addresses),
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: GRANTS.map((grant) => grant.grantType),
  code_challenge_methods_supported: ['S256'],
  scopes_supported: ['openid', ...Object.keys(CLAIMS_BY_SCOPE), 'market:all', 'provisioning-api', 'metrics-api'],
  claims_supported: [...CLAIMS, ...Object.values(CLAIMS_BY_SCOPE).flat()],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
  authorization_response_iss_parameter_supported: true,
  request_parameter_supported: false,
  request_uri_parameter_supported: false,
  claims_parameter_supported: false,
  token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
  token_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
  revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
  revocation_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
  introspection_endpoint_auth_methods_supported: PROVEN,
  introspection_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
})
