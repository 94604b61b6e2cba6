export type Json = Record<string, unknown>

/** A reference to a schema of the document. */
export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })

const text: Json = { type: 'string' }
const link: Json = { type: 'string', format: 'uri' }
const strict = (properties: Json, required: readonly string[]): Json => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})

/** Schemas that all resources share. */
export const sharedSchemas: Json = {
  Id: { type: 'string', pattern: '^[A-Za-z]{10}$', description: 'Opaque id.', examples: ['enWoxFMOnp'] },
  RelationshipLinks: strict({ self: link, related: link }, ['self', 'related']),
  PageMeta: strict({ record_count: { type: 'integer', minimum: 0 }, page_count: { type: 'integer', minimum: 0 } }, [
    'record_count',
    'page_count',
  ]),
  PageLinks: strict({ self: link, related: link, first: link, prev: link, next: link, last: link }, [
    'self',
    'first',
    'last',
  ]),
  Included: {
    type: 'array',
    description: 'Full resource objects of what was included.',
    items: { type: 'object', properties: { type: text, id: ref('Id') }, required: ['type', 'id'] },
  },
  Identifier: strict({ type: text, id: ref('Id') }, ['type', 'id']),
  Linkage: strict(
    {
      data: { oneOf: [ref('Identifier'), { type: 'null' }, { type: 'array', items: ref('Identifier') }] },
      meta: ref('PageMeta'),
      links: {
        type: 'object',
        properties: { self: link, related: link },
        required: ['self', 'related'],
        additionalProperties: link,
      },
    },
    ['data', 'links'],
  ),
  Meta: strict({ meta: { type: 'object' } }, ['meta']),
  Error: strict(
    {
      title: text,
      detail: { ...text, description: 'What is wrong and how to repair it.' },
      code: { ...text, pattern: '^[A-Z_]+$' },
      status: { ...text, pattern: '^[45]\\d\\d$' },
      source: {
        type: 'object',
        properties: { pointer: text, parameter: text, header: text },
        additionalProperties: false,
      },
      meta: { type: 'object' },
    },
    ['title', 'detail', 'code', 'status'],
  ),
  Errors: strict({ errors: { type: 'array', minItems: 1, items: ref('Error') } }, ['errors']),
}
