type Json = Record<string, unknown>

const text: Json = { type: 'string' }

const tokenRequest: Json = {
  type: 'object',
  properties: {
    grant_type: { type: 'string', enum: ['client_credentials'] },
    client_id: text,
    client_secret: { ...text, description: 'Not needed by a sales channel. May come by HTTP Basic instead.' },
    scope: { ...text, description: 'Space-separated, e.g. `market:code:usa` or `roles:read`.' },
  },
  required: ['grant_type'],
}

const revokeRequest: Json = {
  type: 'object',
  properties: { client_id: text, client_secret: text, token: text, token_type_hint: text },
  required: ['token'],
}

const schemas: Json = {
  Token: {
    type: 'object',
    properties: {
      access_token: { ...text, description: 'A JWT; send it as `Authorization: Bearer`.' },
      token_type: { const: 'bearer' },
      expires_in: { type: 'integer', description: 'Seconds.' },
      scope: text,
      created_at: { type: 'integer', description: 'Seconds since 1970.' },
    },
    required: ['access_token', 'token_type', 'expires_in', 'scope', 'created_at'],
    additionalProperties: false,
  },
  TokenInfo: {
    type: 'object',
    properties: {
      token: {
        type: 'object',
        properties: {
          test: { type: 'boolean' },
          market_ids: { type: 'array', items: text },
          stock_location_ids: { type: 'array', items: text },
          lifespan: { type: 'integer', description: 'Seconds left.' },
        },
        required: ['test', 'market_ids', 'stock_location_ids', 'lifespan'],
        additionalProperties: false,
      },
      role: {
        type: 'object',
        properties: { id: { type: ['string', 'null'] }, kind: text, name: { type: ['string', 'null'] } },
        required: ['id', 'kind', 'name'],
        additionalProperties: false,
      },
      application: {
        type: 'object',
        properties: { id: text, kind: text, name: text, core: { type: 'boolean' } },
        required: ['id', 'kind', 'name', 'core'],
        additionalProperties: false,
      },
      permissions: {
        type: 'object',
        description: 'By subject, what may be done to it.',
        additionalProperties: {
          type: 'object',
          properties: { actions: { type: 'array', items: { enum: ['create', 'read', 'update', 'destroy'] } } },
          required: ['actions'],
        },
      },
      owner: {
        type: 'object',
        properties: { id: text, type: { enum: ['User', 'Customer'] } },
        required: ['id', 'type'],
      },
    },
    required: ['token', 'role', 'application', 'permissions'],
    additionalProperties: false,
  },
  OAuthError: {
    type: 'object',
    description: 'RFC 6749 §5.2 and the contract’s form, side by side.',
    properties: {
      error: text,
      error_description: text,
      errors: {
        type: 'array',
        items: {
          type: 'object',
          properties: { title: text, detail: text, code: text, status: { type: 'integer' }, meta: { type: 'object' } },
          required: ['title', 'detail', 'code', 'status', 'meta'],
          additionalProperties: false,
        },
      },
    },
    required: ['error', 'error_description', 'errors'],
    additionalProperties: false,
  },
}

const answer = (description: string, schema: Json): Json => ({
  description,
  content: { 'application/json': { schema } },
})
const refusals: Json = {
  '4XX': answer('Refused.', { $ref: '#/components/schemas/OAuthError' }),
  '5XX': answer('Our fault, or we are busy.', { $ref: '#/components/schemas/OAuthError' }),
}

const post = (id: string, summary: string, { request, ok }: { request: Json; ok: Json }): Json => ({
  operationId: id,
  summary,
  tags: ['oauth'],
  security: [],
  requestBody: {
    required: true,
    content: { 'application/x-www-form-urlencoded': { schema: request }, 'application/json': { schema: request } },
  },
  responses: { '200': ok, ...refusals },
})

const get = (id: string, summary: string): Json => ({
  operationId: id,
  summary,
  tags: ['oauth'],
  security: [],
  responses: { '200': answer(summary, { type: 'object' }), ...refusals },
})

const tokenInfo: Json = {
  operationId: 'tokeninfo',
  summary: 'What the token sent is, and may do',
  tags: ['oauth'],
  security: [{ bearer: [] }],
  responses: {
    '200': answer('The token.', { $ref: '#/components/schemas/TokenInfo' }),
    '4XX': {
      description: 'Refused.',
      content: { 'application/vnd.api+json': { schema: { $ref: '#/components/schemas/Errors' } } },
    },
  },
}

/** The authorization server's part of the OpenAPI document. */
export const oauthParts: { paths: Json; schemas: Json } = {
  paths: {
    '/oauth/token': {
      post: post('token', 'Get an access token (RFC 6749 §4.4)', {
        request: tokenRequest,
        ok: answer('A token.', { $ref: '#/components/schemas/Token' }),
      }),
    },
    '/oauth/revoke': {
      post: post('revoke', 'End a token (RFC 7009)', {
        request: revokeRequest,
        ok: answer('Ended, or unknown.', { type: 'object', additionalProperties: false }),
      }),
    },
    '/oauth/tokeninfo': { get: tokenInfo },
    '/.well-known/jwks.json': { get: get('jwks', 'Public keys that verify tokens (RFC 7517)') },
    '/.well-known/oauth-authorization-server': {
      get: get('metadata', 'What this authorization server offers (RFC 8414)'),
    },
  },
  schemas,
}
