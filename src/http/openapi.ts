type Json = Record<string, unknown>

const answer = (description: string, word: string): Json => ({
  description,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: { status: { const: word } },
        required: ['status'],
        additionalProperties: false,
      },
    },
  },
})

const refusal: Json = {
  description: 'Refused, e.g. for another method than GET.',
  content: { 'application/vnd.api+json': { schema: { $ref: '#/components/schemas/Errors' } } },
}

const get = (id: string, summary: string, answers: Json): Json => ({
  get: { operationId: id, summary, tags: ['service'], security: [], responses: { ...answers, '4XX': refusal } },
})

/** The health endpoints' part of the OpenAPI document. */
export const healthPaths: Json = {
  '/health': get('health', 'Whether the process answers', { '200': answer('It does.', 'ok') }),
  '/ready': get('ready', 'Whether it may be sent requests', {
    '200': answer('It may.', 'ok'),
    '503': {
      ...answer('It is starting, stopping, or has lost its database.', 'unavailable'),
      headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } },
    },
  }),
}
