import { headersOf } from '../limits/openapi.js'
import { ATOMIC } from './atomic.js'
import { operation } from './openapi-operations.js'
import type { Json } from './openapi-shared.js'

const MEDIA_TYPE = `application/vnd.api+json; ext="${ATOMIC}"`
const text: Json = { type: 'string' }
const list = (member: string, items: Json): Json => ({
  content: {
    [MEDIA_TYPE]: {
      schema: { type: 'object', properties: { [member]: { type: 'array', items } }, required: [member] },
    },
  },
})

const one: Json = {
  type: 'object',
  properties: {
    op: { type: 'string', enum: ['add', 'update', 'remove'] },
    ref: { type: 'object', properties: { type: text, id: text, lid: text, relationship: text }, required: ['type'] },
    href: { ...text, description: 'Instead of `ref`, e.g. `/roles/enWoxFMOnp`.' },
    data: {
      description: 'A resource object, as for the endpoint of its type; a `lid` names what a later operation means.',
    },
    meta: { type: 'object' },
  },
  required: ['op'],
}

const result: Json = {
  type: 'object',
  description: 'The answer of one operation, in order; empty where there is nothing to tell.',
  properties: {
    data: {},
    meta: { type: 'object' },
    links: { type: 'object' },
    included: { $ref: '#/components/schemas/Included' },
  },
  additionalProperties: false,
}

/** The path of the atomic operations extension, below the API's base. Source: https://jsonapi.org/ext/atomic */
export const atomicPath: Json = {
  post: operation({
    id: 'operations',
    summary: 'Do up to 100 things, all or none',
    tag: 'operations',
    requestBody: { required: true, ...list('atomic:operations', one) },
    repeatable: true,
    answers: {
      '200': {
        description: 'All done.',
        headers: headersOf('Idempotency-Replayed'),
        ...list('atomic:results', result),
      },
    },
  }),
}
