import { content, refusals, shared } from './openapi-answers.js'
import type { Json } from './openapi-shared.js'
import { MAX_PAGE_SIZE } from './page.js'
import { can, type Resource } from './registry.js'

/** A request body of one of the document's schemas. */
export const body = (schema: string, required = true): Json => ({ required, content: content(schema) })
/** A reference to one of the shared parameters. */
export const parameter = (name: string): Json => ({ $ref: `#/components/parameters/${name}` })

interface OperationOptions {
  readonly id: string
  readonly summary: string
  readonly tag: string
  readonly parameters?: readonly Json[]
  readonly requestBody?: Json
  /** Whether `If-Match` is looked at. */
  readonly conditional?: boolean
  /** Whether it may be sent again with an `Idempotency-Key`: all POSTs. */
  readonly repeatable?: boolean
  readonly answers: Json
}

/** One operation: what it is called, what it takes, what it answers beside the refusals. */
export function operation(options: OperationOptions): Json {
  const { id, summary, tag, requestBody, answers, conditional = false, repeatable = false } = options
  const headers = [...(conditional ? ['IfMatch'] : []), ...(repeatable ? ['IdempotencyKey'] : [])]
  const parameters = [...(options.parameters ?? []), ...headers.map(parameter)]
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: { ...answers, ...(conditional ? { '412': shared('PreconditionFailed') } : {}), ...refusals },
  }
}

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
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The `ETag` that you have read, or several with commas: in any other state nothing is done, and it is 412. `*` asks nothing.',
    schema: { type: 'string' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'The same request with the same key gets the same answer for a day, and nothing is done twice. Another request with it is 422.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
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
