type Json = Record<string, unknown>

const text: Json = { type: 'string' }

/** What the authorization server answers, by name. */
export const oauthSchemas: Json = {
  Token: {
    type: 'object',
    properties: {
      access_token: { ...text, description: 'A JWT; send it as `Authorization: Bearer`.' },
      token_type: { const: 'bearer' },
      expires_in: { type: 'integer', description: 'Seconds.' },
      scope: text,
      created_at: { type: 'integer', description: 'Seconds since 1970.' },
      refresh_token: { ...text, description: 'Good once; each use answers the next.' },
      owner_id: { ...text, description: 'Whom the token acts for.' },
      owner_type: { enum: ['user', 'customer'] },
      id_token: { ...text, description: 'Who has signed in (OpenID Connect), where the scope has `openid`.' },
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
  Introspection: {
    type: 'object',
    description: 'What a token says, if it counts; else `{"active": false}` and nothing else.',
    properties: {
      active: { type: 'boolean' },
      scope: text,
      client_id: text,
      token_type: { enum: ['bearer', 'refresh_token'] },
      exp: { type: 'integer' },
      iat: { type: 'integer' },
      sub: text,
      aud: { type: 'array', items: text },
      iss: text,
      jti: text,
    },
    required: ['active'],
  },
  Pushed: {
    type: 'object',
    properties: { request_uri: text, expires_in: { type: 'integer', description: 'Seconds.' } },
    required: ['request_uri', 'expires_in'],
    additionalProperties: false,
  },
  DeviceCode: {
    type: 'object',
    properties: {
      device_code: text,
      user_code: text,
      verification_uri: text,
      verification_uri_complete: text,
      expires_in: { type: 'integer', description: 'Seconds.' },
      interval: { type: 'integer', description: 'Seconds between two questions.' },
    },
    required: ['device_code', 'user_code', 'verification_uri', 'expires_in', 'interval'],
    additionalProperties: false,
  },
  Person: {
    type: 'object',
    description: 'What the scope of the token tells of its user (OpenID Connect Core §5.1).',
    properties: {
      sub: text,
      name: text,
      given_name: text,
      family_name: text,
      zoneinfo: text,
      updated_at: { type: 'integer', description: 'Seconds since 1970.' },
      email: text,
      email_verified: { type: 'boolean' },
    },
    required: ['sub'],
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
