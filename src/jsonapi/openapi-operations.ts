import type { Json } from './openapi-shared.js'
import { MAX_PAGE_SIZE } from './page.js'
import { can, type Resource } from './registry.js'

/** The media type of every document. */
export const MEDIA_TYPE = 'application/vnd.api+json'

const content = (schema: string): Json => ({ [MEDIA_TYPE]: { schema: { $ref: `#/components/schemas/${schema}` } } })
/** An answer, with the schema of its body if it has one. */
export const answer = (description: string, schema?: string, headers?: Json): Json => ({
  description,
  ...(headers === undefined ? {} : { headers }),
  ...(schema === undefined ? {} : { content: content(schema) }),
})
/** A request body of one of the document's schemas. */
export const body = (schema: string, required = true): Json => ({ required, content: content(schema) })
/** A reference to one of the shared parameters. */
export const parameter = (name: string): Json => ({ $ref: `#/components/parameters/${name}` })

/** Every refusal has the same shape; the codes are in docs/errors. */
const refusals: Json = {
  '4XX': answer('Refused; `errors` says why and how to repair it.', 'Errors'),
  '5XX': answer('Our fault, or we are busy.', 'Errors'),
}

interface OperationOptions {
  readonly id: string
  readonly summary: string
  readonly tag: string
  readonly parameters?: readonly Json[]
  readonly requestBody?: Json
  readonly answers: Json
}

/** One operation: what it is called, what it takes, what it answers beside the refusals. */
export const operation = ({ id, summary, tag, parameters = [], requestBody, answers }: OperationOptions): Json => ({
  operationId: id,
  summary,
  tags: [tag],
  ...(parameters.length > 0 ? { parameters } : {}),
  ...(requestBody === undefined ? {} : { requestBody }),
  responses: { ...answers, ...refusals },
})

/** Parameters that many operations share. */
export const parameters: Json = {
  Id: { name: 'id', in: 'path', required: true, schema: { $ref: '#/components/schemas/Id' } },
  Include: {
    name: 'include',
    in: 'query',
    description: 'Comma-separated relationship paths.',
    schema: { type: 'string' },
  },
  Fields: {
    name: 'fields',
    in: 'query',
    style: 'deepObject',
    explode: true,
    description: '`fields[{type}]`: comma-separated fields to answer.',
    schema: { type: 'object', additionalProperties: { type: 'string' } },
  },
  Page: {
    name: 'page',
    in: 'query',
    style: 'deepObject',
    explode: true,
    schema: {
      type: 'object',
      properties: {
        number: { type: 'integer', minimum: 1 },
        size: { type: 'integer', minimum: 1, maximum: MAX_PAGE_SIZE },
        after: { type: 'string', description: 'A cursor out of `links.next`, or empty for the beginning.' },
        before: { type: 'string', description: 'A cursor out of `links.prev`, or empty for the end.' },
      },
      additionalProperties: false,
    },
  },
  Confirm: {
    name: 'confirm',
    in: 'query',
    description: 'Deleting an organization: its slug. Also `meta.confirm`.',
    schema: { type: 'string' },
  },
  ReassignTo: {
    name: 'reassign_to',
    in: 'query',
    description: 'Deleting a role in use: the role to give instead. Also `meta.reassign_to`.',
    schema: { type: 'string' },
  },
}

/** What every endpoint that answers resources takes. */
export const documentParameters = [parameter('Include'), parameter('Fields')]
/** What an endpoint that answers a collection of a resource takes. */
export const collectionParameters = (resource: Resource): Json[] => {
  const sortable = [
    'id',
    ...[...resource.attributes.values()].filter((one) => can(one, 'sort')).map(({ name }) => name),
  ]
  const filterable = [...resource.attributes.values(), ...resource.relationships.values()].filter((one) =>
    can(one, 'filter'),
  )
  return [
    ...documentParameters,
    parameter('Page'),
    {
      name: 'sort',
      in: 'query',
      description: `Comma-separated; a leading minus is descending. Of: ${sortable.join(', ')}.`,
      schema: { type: 'string' },
    },
    {
      name: 'filter[q]',
      in: 'query',
      style: 'deepObject',
      explode: true,
      description: `\`filter[q][{attribute}_{predicate}]\`. Of: id, ${filterable.map(({ name }) => name).join(', ')}.`,
      schema: { type: 'object', additionalProperties: { type: 'string' } },
    },
  ]
}
