import { headersOf } from '../limits/openapi.js'
import { GRANTS } from './grants/index.js'
import { oauthSchemas } from './openapi-schemas.js'

type Json = Record<string, unknown>

const text: Json = { type: 'string' }

const texts = (names: readonly string[]): Json => Object.fromEntries(names.map((name) => [name, text]))

/** How a client says who it is; of these, one way. */
const client: Json = {
  client_id: text,
  client_secret: { ...text, description: 'Not needed by a public client. May come by HTTP Basic instead.' },
  client_assertion_type: { const: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
  client_assertion: { ...text, description: 'A JWT signed with a registered key, instead of the secret (RFC 7523).' },
}

const scope: Json = { ...text, description: 'Space-separated, e.g. `market:code:usa`, `roles:read` or `openid email`.' }

const form = (properties: Json, required: readonly string[]): Json => ({
  type: 'object',
  properties: { ...properties, ...client },
  required,
})

const tokenRequest = form(
  {
    grant_type: { type: 'string', enum: GRANTS.map(({ grantType }) => grantType) },
    ...texts(GRANTS.flatMap(({ parameters }) => parameters)),
    scope,
  },
  ['grant_type'],
)

const aboutToken = form({ token: text, token_type_hint: text }, ['token'])

const pushed = form(
  {
    ...texts([
      'response_type',
      'redirect_uri',
      'state',
      'nonce',
      'code_challenge',
      'code_challenge_method',
      'resource',
    ]),
    ...texts(['prompt', 'max_age', 'login_hint', 'id_token_hint']),
    scope,
  },
  ['response_type'],
)

const answer = (description: string, schema: Json): Json => ({
  description,
  headers: headersOf(),
  content: { 'application/json': { schema } },
})
const named = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
const refusal = (description: string, ...headers: string[]): Json => ({
  ...answer(description, named('OAuthError')),
  headers: headersOf(...headers),
})
const responses: Json = {
  OAuthTooManyRequests: refusal('A limit is used up.', 'Retry-After'),
  OAuthRefused: refusal('Refused.'),
  OAuthFailed: refusal('Our fault, or we are busy: 503 says when to come again.', 'Retry-After'),
}
const shared = (name: string): Json => ({ $ref: `#/components/responses/${name}` })
const refusals: Json = {
  '429': shared('OAuthTooManyRequests'),
  '4XX': shared('OAuthRefused'),
  '5XX': shared('OAuthFailed'),
}

const post = (
  id: string,
  summary: string,
  { request, ok, status = '200' }: { request: Json; ok: Json; status?: string },
) => ({
  operationId: id,
  summary,
  tags: ['oauth'],
  security: [],
  requestBody: {
    required: true,
    content: { 'application/x-www-form-urlencoded': { schema: request }, 'application/json': { schema: request } },
  },
  responses: { [status]: ok, ...refusals },
})

const get = (id: string, summary: string): Json => ({
  operationId: id,
  summary,
  tags: ['oauth'],
  security: [],
  // No endpoint of OAuth: what keeps a caller out beforehand says so as the API does.
  responses: { '200': answer(summary, { type: 'object' }), ...refusals, '429': shared('TooManyRequests') },
})

const tokenInfo: Json = {
  operationId: 'tokeninfo',
  summary: 'What the token sent is, and may do',
  tags: ['oauth'],
  security: [{ bearer: [] }],
  responses: {
    '200': answer('The token.', named('TokenInfo')),
    '429': shared('TooManyRequests'),
    '4XX': shared('Refused'),
    '5XX': shared('Failed'),
  },
}

const userinfo = (id: string): Json => ({
  operationId: id,
  summary: 'Who has signed in (OpenID Connect Core §5.3)',
  tags: ['oauth'],
  security: [{ bearer: [] }],
  responses: { '200': answer('What the granted scope tells.', named('Person')), ...refusals },
})

const METADATA = 'What this authorization server offers (RFC 8414)'

/** The authorization server's part of the OpenAPI document: what programs call. What browsers visit are pages. */
export const oauthParts: { paths: Json; schemas: Json; responses: Json } = {
  paths: {
    '/oauth/token': {
      post: post('token', 'Get a token (RFC 6749)', { request: tokenRequest, ok: answer('A token.', named('Token')) }),
    },
    '/oauth/revoke': {
      post: post('revoke', 'End a token (RFC 7009)', {
        request: aboutToken,
        ok: answer('Ended, or unknown.', { type: 'object', additionalProperties: false }),
      }),
    },
    '/oauth/introspect': {
      post: post('introspect', 'Ask whether a token counts (RFC 7662)', {
        request: aboutToken,
        ok: answer('What the token says, or that it does not count.', named('Introspection')),
      }),
    },
    '/oauth/par': {
      post: post('push', 'Push an authorization request (RFC 9126)', {
        request: pushed,
        ok: answer('A name for the request.', named('Pushed')),
        status: '201',
      }),
    },
    '/oauth/device_authorization': {
      post: post('device_authorization', 'Begin on a device without a browser (RFC 8628)', {
        request: form({ scope, ...texts(['resource']) }, []),
        ok: answer('The codes.', named('DeviceCode')),
      }),
    },
    '/oauth/userinfo': { get: userinfo('userinfo'), post: userinfo('userinfo_by_post') },
    '/oauth/tokeninfo': { get: tokenInfo },
    '/.well-known/jwks.json': { get: get('jwks', 'Public keys that verify tokens (RFC 7517)') },
    '/.well-known/oauth-authorization-server': { get: get('metadata', METADATA) },
    '/.well-known/openid-configuration': {
      get: get('openid_configuration', `${METADATA}, for OpenID Connect clients`),
    },
  },
  schemas: oauthSchemas,
  responses,
}
